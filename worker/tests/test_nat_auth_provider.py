"""The auth provider as the toolkit's own MCP clients use it."""

import httpx
import pytest
from nat.builder.context import Context, ContextState
from nat.data_models.authentication import AuthResult, BearerTokenCred
from pydantic import ValidationError
from starlette.datastructures import Headers

from aiq_connect import ConfigurationMismatch, JobUnknown
from aiq_connect.nat.auth_provider import AiqConnectAuthProvider, AiqConnectAuthProviderConfig
from aiq_connect.nat.job import current_job
from tests.broker_double import KEY, SERVER_URL, BrokerDouble, token
from tests.mcp_double import CHALLENGE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, broker: BrokerDouble) -> None:
    monkeypatch.setenv("AIQ_CONNECT_WORKER_URL", broker.url)
    monkeypatch.setenv("AIQ_CONNECT_WORKER_KEY", KEY)
    ContextState.get().workflow_run_id.set("job-1")


def bearer(result: AuthResult) -> str:
    credential = result.credentials[0]
    assert isinstance(credential, BearerTokenCred)
    value: str = credential.token.get_secret_value()
    return value


async def test_a_stock_client_gets_the_token_and_nothing_else(broker: BrokerDouble) -> None:
    broker.will(token("secret-1"))
    provider = AiqConnectAuthProvider(AiqConnectAuthProviderConfig(mcp_server_id="incidents", server_url=SERVER_URL))
    result = await provider.authenticate(user_id="whoever")
    await provider.aclose()
    assert bearer(result) == "secret-1"
    assert result.raw == {}
    assert "secret-1" not in repr(result)
    assert "user_sub" not in broker.asked[0], "the toolkit's user id proves nothing"


async def test_a_stock_clients_401_reaches_the_broker(broker: BrokerDouble) -> None:
    broker.will(token("t1"), token("t2"))
    provider = AiqConnectAuthProvider(AiqConnectAuthProviderConfig(mcp_server_id="incidents", server_url=SERVER_URL))
    await provider.authenticate()
    refusal = httpx.Response(401, headers={"WWW-Authenticate": CHALLENGE})
    assert bearer(await provider.authenticate(response=refusal)) == "t2"
    await provider.aclose()
    assert broker.asked[1]["challenge"] == CHALLENGE
    assert "rejected_sha256" in broker.asked[1]


async def test_a_stock_client_whose_address_nobody_named_gets_nothing(broker: BrokerDouble) -> None:
    provider = AiqConnectAuthProvider(AiqConnectAuthProviderConfig(mcp_server_id="incidents"))
    with pytest.raises(ConfigurationMismatch, match="server_url"):
        await provider.authenticate()
    assert broker.asked == []


def test_there_is_no_default_user() -> None:
    with pytest.raises(ValidationError, match="default_user_id"):
        AiqConnectAuthProviderConfig.model_validate({"mcp_server_id": "incidents", "default_user_id": "alice"})


def test_the_gates_header_names_the_job() -> None:
    request = Context.get().metadata._request
    request.headers = Headers({"X-AIQ-Connect-Job": "from-the-gate"})
    try:
        assert current_job() == "from-the-gate"
    finally:
        request.headers = None
    assert current_job() == "job-1"


def test_no_job_is_a_failure_of_its_own() -> None:
    ContextState.get().workflow_run_id.set(None)
    with pytest.raises(JobUnknown):
        current_job()
