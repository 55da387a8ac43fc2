import pickle
from datetime import UTC, datetime

import pytest

from aiq_connect import (
    AccessToken,
    AiqConnectError,
    Broker,
    ConfigurationMismatch,
    IdpUnreachable,
    JobNotRegistered,
    ReconnectRequired,
    SyncBroker,
    SyncMCPTokenStore,
)

REFUSAL = ReconnectRequired(
    "Team Incidents is not connected.",
    source_id="incidents",
    mcp_server_id="incidents",
    reason="revoked",
    connect_url="http://localhost:9/connect",
    waits_until=datetime(2030, 1, 1, tzinfo=UTC),
    waits_for=60.0,
)


@pytest.mark.parametrize(
    "error",
    [REFUSAL, IdpUnreachable("away", 7), JobNotRegistered("no", "token_expired"), ConfigurationMismatch("both")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_task_arrives_as_what_it_was(error: AiqConnectError) -> None:
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.__dict__ == error.__dict__


def test_what_holds_a_secret_does_not_leave_its_process() -> None:
    with SyncBroker("http://127.0.0.1:9", "the-worker-key") as broker, SyncMCPTokenStore(broker) as store:
        for secret in (broker, store, AccessToken("t1", "http://127.0.0.1:9/mcp")):
            with pytest.raises(TypeError, match="does not leave its process"):
                pickle.dumps(secret)


async def test_what_holds_a_secret_on_an_event_loop_does_not_either() -> None:
    async with Broker("http://127.0.0.1:9", "the-worker-key") as broker:
        with pytest.raises(TypeError, match="does not leave its process"):
            pickle.dumps(broker)
