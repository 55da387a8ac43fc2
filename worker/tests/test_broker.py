import pytest

from aiq_connect import (
    AiqConnectError,
    Broker,
    BrokerUnreachable,
    ConfigurationMismatch,
    IdpUnreachable,
    JobUnknown,
    ReconnectRequired,
    RefreshInProgress,
    ServerNotCovered,
    Transient,
    WorkerKeyInvalid,
)
from aiq_connect.wire import ResolveRequest
from tests.broker_double import KEY, Answer, BrokerDouble, fault, reconnect, token

ASKING = ResolveRequest(job_id="job-1", mcp_server_id="incidents")


async def ask(double: BrokerDouble, request: ResolveRequest = ASKING) -> object:
    async with Broker(double.url, KEY) as broker:
        return await broker.resolve(request)


async def test_the_request_carries_the_key_and_nothing_that_was_not_said(broker: BrokerDouble) -> None:
    broker.will(token("secret-1"))
    await ask(broker)
    assert broker.keys == [f"Bearer {KEY}"]
    assert broker.asked == [{"path": "/v1/worker/tokens/resolve", "job_id": "job-1", "mcp_server_id": "incidents"}]


async def test_a_token_never_prints_itself(broker: BrokerDouble) -> None:
    broker.will(token("secret-1"))
    answer = await ask(broker)
    assert "incidents:read" in repr(answer)
    assert "secret-1" not in repr(answer)


async def test_a_persons_help_is_asked_for_with_everything_the_person_needs(broker: BrokerDouble) -> None:
    broker.will(reconnect("revoked", waits=900))
    with pytest.raises(ReconnectRequired) as caught:
        await ask(broker)
    failure = caught.value
    assert failure.as_result() == {
        "error": "mcp_auth_required",
        "message": "Team Incidents is not connected. The job goes on without this source.",
        "retryable": False,
        "source_id": "incidents",
        "mcp_server_id": "incidents",
        "reason": "revoked",
        "connect_url": "http://localhost:9/v1/auth/mcp/incidents/connect",
    }
    assert failure.missing_scopes == ("incidents:write",)
    assert failure.waits_until is not None
    assert failure.waits_for == pytest.approx(900, abs=5)


@pytest.mark.parametrize(
    ("answer", "kind", "retry_after"),
    [
        (fault(401, "worker_key_invalid"), WorkerKeyInvalid, None),
        (fault(403, "server_not_covered"), ServerNotCovered, None),
        (fault(404, "job_unknown"), JobUnknown, None),
        (fault(503, "idp_unreachable", 7), IdpUnreachable, 7),
        (fault(503, "refresh_in_progress", 1), RefreshInProgress, 1),
        (fault(503, "something_new"), BrokerUnreachable, None),
        (Answer(404), ConfigurationMismatch, None),
        (Answer(204), ConfigurationMismatch, None),
        (Answer(200, {"access_token": "secret-1"}), ConfigurationMismatch, None),
        (Answer(302, None, {"Location": "http://127.0.0.1:9/"}), ConfigurationMismatch, None),
    ],
)
async def test_every_answer_has_its_own_failure(
    broker: BrokerDouble, answer: Answer, kind: type[AiqConnectError], retry_after: float | None
) -> None:
    broker.will(answer)
    with pytest.raises(kind) as caught:
        await ask(broker)
    assert type(caught.value) is kind
    assert "secret-1" not in str(caught.value)
    if isinstance(caught.value, Transient):
        assert caught.value.retry_after == retry_after


async def test_nobody_listening_is_transient_and_says_where() -> None:
    async with Broker("http://127.0.0.1:9", KEY) as broker:
        with pytest.raises(BrokerUnreachable, match=r"http://127\.0\.0\.1:9"):
            await broker.resolve(ASKING)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigurationMismatch, match="AIQ_CONNECT_WORKER_KEY not set"):
        Broker.from_environment({"AIQ_CONNECT_WORKER_URL": "http://127.0.0.1:9"})
