"""`register_job`, as both clients do it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from aiq_connect import (
    AiqConnectError,
    Broker,
    BrokerUnreachable,
    ConfigurationMismatch,
    JobNotRegistered,
    RegisteredJob,
    SyncBroker,
    WorkerKeyInvalid,
)
from aiq_connect.wire import RegisterJob
from tests.broker_double import KEY, Answer, BrokerDouble, fault

REGISTERED = {
    "job_id": "job-9",
    "user_sub": "alice",
    "mcp_server_ids": ["incidents"],
    "expires_at": "2030-01-01T00:00:00Z",
}


async def register(double: BrokerDouble, kind: str, **named: Any) -> RegisteredJob:  # noqa: ANN401
    if kind == "event loop":
        async with Broker(double.url, KEY) as broker:
            return await broker.register_job("the-subject-token", **named)
    with SyncBroker(double.url, KEY) as blocking:
        return await asyncio.to_thread(blocking.register_job, "the-subject-token", **named)


kinds = pytest.mark.parametrize("kind", ["event loop", "threads"])


@kinds
async def test_a_job_is_registered_with_its_owners_own_token(broker: BrokerDouble, kind: str) -> None:
    broker.will(Answer(201, REGISTERED))
    job = await register(broker, kind, job_id="job-9")
    assert job == RegisteredJob("job-9", "alice", ("incidents",), datetime(2030, 1, 1, tzinfo=UTC))
    assert broker.keys == [f"Bearer {KEY}"]
    assert broker.asked == [{"path": "/v1/worker/jobs", "subject_token": "the-subject-token", "job_id": "job-9"}]


async def test_no_sources_and_all_sources_are_different_things(broker: BrokerDouble) -> None:
    broker.will(Answer(201, REGISTERED))
    await register(broker, "threads", data_sources=[])
    await register(broker, "threads")
    assert broker.asked[0]["data_sources"] == []
    assert "data_sources" not in broker.asked[1]


@kinds
@pytest.mark.parametrize(
    ("answer", "failure", "reason"),
    [
        (fault(401, "worker_key_invalid"), WorkerKeyInvalid, None),
        (fault(401, "token_expired"), JobNotRegistered, "token_expired"),
        (Answer(401, {"error": "token_invalid", "detail": "No."}), JobNotRegistered, "token_invalid"),
        (fault(422, "submission_invalid"), JobNotRegistered, "submission_invalid"),
        (Answer(404), ConfigurationMismatch, None),
        (Answer(200, {"job_id": "job-9"}), ConfigurationMismatch, None),
        (Answer(503), BrokerUnreachable, None),
    ],
)
async def test_every_answer_has_its_own_failure(
    broker: BrokerDouble, kind: str, answer: Answer, failure: type[AiqConnectError], reason: str | None
) -> None:
    broker.will(answer)
    with pytest.raises(failure) as caught:
        await register(broker, kind)
    assert type(caught.value) is failure
    assert "the-subject-token" not in str(caught.value)
    if isinstance(caught.value, JobNotRegistered):
        assert caught.value.reason == reason


async def test_sources_that_have_to_be_connected_first_are_named_with_the_way_there(broker: BrokerDouble) -> None:
    sources = [{"source_id": "incidents", "status": "not_connected", "connect_url": "http://localhost:9/connect"}]
    broker.will(Answer(409, {"error": "mcp_auth_required", "message": "Connect first.", "sources": sources}))
    with pytest.raises(JobNotRegistered, match=r"Connect first\.") as caught:
        await register(broker, "threads")
    assert caught.value.reason == "mcp_auth_required"
    assert caught.value.connect_urls == {"incidents": "http://localhost:9/connect"}


def test_the_subject_token_does_not_print_itself() -> None:
    assert "the-subject-token" not in repr(RegisterJob("the-subject-token"))
