"""The function group on the real toolkit's builder, against a real MCP server and a broker over HTTP."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from aiq_connect import ConfigurationMismatch
from aiq_connect.nat.function_group import AiqConnectMCPClientConfig
from tests.broker_double import KEY, BrokerDouble, fault, reconnect, token
from tests.mcp_double import CHALLENGE, SCOPE_CHALLENGE, McpDouble, mcp_double
from tests.nat_group import built, of_job

# The MCP SDK's server and the toolkit warn about themselves.
pytestmark = [
    pytest.mark.usefixtures("mcp_garbage"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def server() -> Iterator[McpDouble]:
    with mcp_double() as double:
        yield double


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, broker: BrokerDouble) -> None:
    monkeypatch.setenv("AIQ_CONNECT_WORKER_URL", broker.url)
    monkeypatch.setenv("AIQ_CONNECT_WORKER_KEY", KEY)


async def test_building_asks_nobody_and_needs_nobody(broker: BrokerDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIQ_CONNECT_WORKER_KEY")
    async with built("http://127.0.0.1:9/mcp") as group:
        assert set(group.functions) == {"incidents__whoami", "incidents__divide", "incidents__slow"}
    assert broker.asked == []


async def test_a_call_is_made_as_the_owner_of_the_job_with_the_first_request_already_authorized(
    broker: BrokerDouble, server: McpDouble
) -> None:
    server.people = {"of-alice": "alice"}
    broker.will(token("of-alice", server_url=server.url))
    of_job("job-1")
    async with built(server.url) as group:
        assert await group.call("whoami") == "alice"
        assert await group.call("divide", by=4) == "25"
    assert [one["job_id"] for one in broker.asked] == ["job-1"]
    assert set(server.seen) == {"of-alice"}


async def test_a_person_who_disconnects_while_a_session_opens_is_a_typed_failure(
    broker: BrokerDouble, server: McpDouble
) -> None:
    # The second request of a session is a notification, which nobody waits for.
    server.people, server.good_for = {"t1": "alice"}, 1
    broker.will(token("t1", server_url=server.url), reconnect())
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("whoami")
        assert (failure["error"], failure["reason"]) == ("mcp_auth_required", "disconnected")


async def test_a_session_whose_server_missed_a_notification_is_not_used_again(
    broker: BrokerDouble, server: McpDouble
) -> None:
    server.people, server.good_for = {"t1": "alice"}, 1
    broker.will(token("t1", server_url=server.url), fault(403, "server_not_covered"))
    of_job("job-1")
    async with built(server.url) as group:
        assert (await group.failure("whoami"))["error"] == "server_not_covered"
        server.good_for = None
        broker.will(token("t1", server_url=server.url))
        assert await group.call("whoami") == "alice"


async def test_two_jobs_on_one_group_never_share_a_session(broker: BrokerDouble, server: McpDouble) -> None:
    server.people = {"of-alice": "alice", "of-bob": "bob"}
    broker.will(token("of-alice", server_url=server.url), token("of-bob", server_url=server.url))
    async with built(server.url) as group:
        of_job("job-1")
        assert await group.call("whoami") == "alice"
        of_job("job-2")
        assert await group.call("whoami") == "bob"
        of_job("job-1")
        assert await group.call("whoami") == "alice"


async def test_a_refused_token_is_renewed_and_the_call_made_once(broker: BrokerDouble, server: McpDouble) -> None:
    server.people = {"t1": "alice"}
    broker.will(token("t1", server_url=server.url), token("t2", server_url=server.url))
    of_job("job-1")
    async with built(server.url) as group:
        await group.call("whoami")
        server.people = {"t2": "alice"}
        assert await group.call("whoami") == "alice"
    assert broker.asked[1]["challenge"] == CHALLENGE
    assert server.calls == ["whoami", "whoami"]


async def test_an_unconnected_owner_is_an_answer_and_the_server_is_left_alone(
    broker: BrokerDouble, server: McpDouble
) -> None:
    broker.will(reconnect())
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("whoami")
    assert failure["error"] == "mcp_auth_required"
    assert failure["reason"] == "disconnected"
    assert failure["connect_url"] == "http://localhost:9/v1/auth/mcp/incidents/connect"
    assert server.seen == []


async def test_a_grant_that_dies_during_a_job_ends_the_call_at_once(broker: BrokerDouble, server: McpDouble) -> None:
    server.people = {"t1": "alice"}
    broker.will(token("t1", server_url=server.url), reconnect("revoked"))
    of_job("job-1")
    async with built(server.url) as group:
        await group.call("whoami")
        server.people = {}
        failure = await group.failure("whoami")
    assert (failure["error"], failure["reason"]) == ("mcp_auth_required", "revoked")
    assert server.calls == ["whoami"]


async def test_a_session_outlives_a_failure_of_its_owner(broker: BrokerDouble, server: McpDouble) -> None:
    server.people = {"t1": "alice"}
    broker.will(token("t1", server_url=server.url), fault(404, "job_unknown"), token("t2", server_url=server.url))
    of_job("job-1")
    async with built(server.url) as group:
        await group.call("whoami")
        server.people = {"t2": "alice"}
        assert (await group.failure("whoami"))["error"] == "job_unknown"
        assert await group.call("whoami") == "alice"


async def test_a_server_that_refuses_every_token_is_reported_to_the_broker(
    broker: BrokerDouble, server: McpDouble
) -> None:
    broker.will(token("t1", server_url=server.url), token("t2", server_url=server.url), reconnect("rejected_by_server"))
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("whoami")
    assert failure["reason"] == "rejected_by_server"
    assert server.seen == ["t1", "t2"]
    assert len({one.get("rejected_sha256") for one in broker.asked}) == 3


async def test_missing_scopes_reach_the_broker_with_the_challenge(broker: BrokerDouble, server: McpDouble) -> None:
    server.narrow = {"t1"}
    broker.will(token("t1", server_url=server.url), reconnect("scope_mismatch"))
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("whoami")
    assert failure["reason"] == "scope_mismatch"
    assert broker.asked[1]["challenge"] == SCOPE_CHALLENGE


async def test_a_token_for_another_address_is_never_sent(broker: BrokerDouble, server: McpDouble) -> None:
    broker.will(token("t1", server_url="http://127.0.0.1:9/mcp"))
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("whoami")
    assert failure["error"] == "configuration_mismatch"
    assert server.url in failure["message"]
    assert "http://127.0.0.1:9/mcp" in failure["message"]
    assert server.seen == []


async def test_a_restarted_server_gets_the_call_on_a_fresh_session(broker: BrokerDouble) -> None:
    double = McpDouble(people={"t1": "alice"})
    of_job("job-1")
    with mcp_double(double=double):
        broker.will(token("t1", server_url=double.url))
        port = urlsplit(double.url).port
        group_of = built(double.url)
        group = await group_of.__aenter__()
        assert await group.call("whoami") == "alice"
    try:
        assert (await group.failure("whoami"))["error"] == "server_unreachable"
        assert port
        with mcp_double(port, double):
            assert await group.call("whoami") == "alice"
    finally:
        await group_of.__aexit__(None, None, None)
    assert double.calls == ["whoami", "whoami"]


async def test_a_tools_own_failure_is_not_a_failure_of_the_account(broker: BrokerDouble, server: McpDouble) -> None:
    server.people = {"t1": "alice"}
    broker.will(token("t1", server_url=server.url))
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("divide", by=0)
    assert failure["error"] == "tool_failed"
    assert "division" in failure["message"]


async def test_without_a_job_there_is_nobody(broker: BrokerDouble, server: McpDouble) -> None:
    of_job(None)
    async with built(server.url) as group:
        assert (await group.failure("whoami"))["error"] == "job_unknown"
    assert broker.asked == []


async def test_a_group_without_declared_tools_offers_to_list_and_call_them(
    broker: BrokerDouble, server: McpDouble
) -> None:
    server.people = {"t1": "alice"}
    broker.will(token("t1", server_url=server.url))
    of_job("job-1")
    async with built(server.url, tools={}) as group:
        tools = json.loads(await group.call("list_tools"))
        assert [tool["name"] for tool in tools] == ["whoami", "divide", "slow"]
        assert await group.call("call_tool", name="divide", arguments={"by": 5}) == "20"


async def test_a_provider_of_another_type_is_a_configuration_error() -> None:
    with pytest.raises(ValueError, match="auth_provider"):
        AiqConnectMCPClientConfig.model_validate(
            {"server": {"transport": "streamable-http", "url": "http://127.0.0.1:9/mcp"}}
        )


async def test_a_missing_worker_key_is_said_by_the_call(monkeypatch: pytest.MonkeyPatch, server: McpDouble) -> None:
    monkeypatch.delenv("AIQ_CONNECT_WORKER_KEY")
    of_job("job-1")
    async with built(server.url) as group:
        failure = await group.failure("whoami")
    assert failure["error"] == ConfigurationMismatch.code
    assert "AIQ_CONNECT_WORKER_KEY" in failure["message"]
