"""Waiting for a person, as both stores do it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from aiq_connect import JobUnknown, ReconnectRequired, SyncBroker, SyncMCPTokenStore
from tests.broker_double import KEY, Answer, BrokerDouble, broker_double, fault, reconnect, token
from tests.conftest import until
from tests.stores import KINDS, Clock, Store, opened


@pytest.fixture(params=KINDS)
async def store(broker: BrokerDouble, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with opened(request.param, broker) as store:
        yield store


def waiting(store: Store, server: str = "incidents", **named: Any) -> "asyncio.Task[str]":  # noqa: ANN401
    async def value() -> str:
        return (await store.resolve(None, server, job_id="job-1", wait=True, **named)).value

    return asyncio.create_task(value())


async def test_a_job_waits_until_its_owner_is_back(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    job = waiting(store)
    await until(lambda: broker.held == 1)
    broker.will(token("t2"))
    assert await job == "t2"
    assert [one.get("wait_seconds") for one in broker.asked] == [None, 25]


async def test_whoever_does_not_want_to_wait_is_told_at_once(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    with pytest.raises(ReconnectRequired) as caught:
        await store.resolve(None, "incidents", job_id="job-1")
    assert caught.value.waits_until is not None
    assert broker.polls == []


async def test_the_broker_decides_that_nobody_waits(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("client_misconfigured"))
    with pytest.raises(ReconnectRequired):
        await waiting(store)
    assert broker.polls == []


async def test_the_broker_decides_that_the_wait_is_over(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    job = waiting(store)
    await until(lambda: broker.held == 1)
    broker.will(reconnect("skipped"))
    with pytest.raises(ReconnectRequired) as caught:
        await job
    assert (caught.value.reason, caught.value.waits_until) == ("skipped", None)


async def test_a_job_that_ends_ends_its_wait(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    job = waiting(store)
    await until(lambda: broker.held == 1)
    broker.will(fault(404, "job_unknown"))
    with pytest.raises(JobUnknown):
        await job


@pytest.mark.parametrize("kind", KINDS)
async def test_as_long_as_the_broker_says_wait_it_is_asked_again_but_not_in_a_circle(
    broker: BrokerDouble, kind: str
) -> None:
    clock = Clock()
    broker.holds = 0
    # The worker compares no clocks: by its own, this wait was over long ago.
    broker.will(reconnect(waits=-60), reconnect(waits=-60), reconnect(waits=-60), token("t2"))
    async with opened(kind, broker, clock) as store:
        assert await waiting(store) == "t2"
    assert clock.slept == [1, 1]


async def test_calls_of_one_job_wait_with_one_request(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    jobs = [waiting(store) for _ in range(4)]
    await until(lambda: broker.held == 1)
    broker.will(token("t2"))
    assert await asyncio.gather(*jobs) == ["t2"] * 4
    assert len(broker.polls) == 1


async def test_calls_of_one_job_give_up_together(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    jobs = [waiting(store) for _ in range(4)]
    await until(lambda: broker.held == 1)
    broker.will(reconnect("skipped"))
    failures = await asyncio.gather(*jobs, return_exceptions=True)
    assert [getattr(failure, "reason", failure) for failure in failures] == ["skipped"] * 4
    assert len({id(failure) for failure in failures}) == 4
    assert len(broker.polls) == 1


async def test_a_call_that_is_cancelled_takes_nothing_from_the_others(broker: BrokerDouble) -> None:
    broker.will(reconnect("revoked", waits=60))
    async with opened("event loop", broker) as store:
        jobs = [waiting(store) for _ in range(3)]
        await until(lambda: broker.held == 1)
        jobs[0].cancel()
        await until(lambda: len(broker.polls) == 2)
        broker.will(token("t2"))
        assert await asyncio.gather(*jobs[1:]) == ["t2"] * 2
        with pytest.raises(asyncio.CancelledError):
            await jobs[0]


async def test_a_wait_holds_up_neither_other_servers_nor_calls_that_do_not_wait(
    broker: BrokerDouble, store: Store
) -> None:
    broker.will(reconnect("revoked", waits=60))
    broker.will(token("of-tickets"), only_for="tickets")
    broker.will(token("of-job-2"), only_for="job-2")
    job = waiting(store)
    await until(lambda: broker.held == 1)
    async with asyncio.timeout(5):
        assert await waiting(store, "tickets") == "of-tickets"
        assert (await store.resolve(None, "incidents", job_id="job-2")).value == "of-job-2"
        with pytest.raises(ReconnectRequired):
            await store.resolve(None, "incidents", job_id="job-1")
    broker.will(token("t2"))
    assert await job == "t2"


async def test_a_restored_source_is_used_at_once(broker: BrokerDouble, store: Store) -> None:
    broker.will(reconnect("revoked", waits=60))
    job = waiting(store)
    await until(lambda: broker.held == 1)
    broker.will(token("t2"))
    await job
    assert (await store.resolve(None, "incidents", job_id="job-1")).value == "t2"
    assert len(broker.asked) == 2, "the token is remembered"
    broker.will(token("t3"))
    refused = hashlib.sha256(b"t2").hexdigest()
    renewed = await store.resolve(None, "incidents", job_id="job-1", rejected_sha256=refused)
    assert renewed.value == "t3", "the refusal of a moment ago is forgotten"


async def test_the_refused_token_is_named_as_long_as_the_job_waits(broker: BrokerDouble, store: Store) -> None:
    refused = hashlib.sha256(b"t1").hexdigest()
    broker.will(reconnect("scope_mismatch", waits=60))
    job = waiting(store, rejected_sha256=refused, challenge="Bearer")
    await until(lambda: broker.held == 1)
    broker.will(token("t2"))
    await job
    assert [(one["rejected_sha256"], one["challenge"]) for one in broker.asked] == [(refused, "Bearer")] * 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wait_survives_a_restart_of_the_broker(kind: str) -> None:
    double = BrokerDouble()
    with broker_double(double=double):
        port = urlsplit(double.url).port
        assert port
        opening = opened(kind, double)
        store = await opening.__aenter__()
        double.will(reconnect("revoked", waits=60))
        job = waiting(store)
        await until(lambda: double.held == 1)
    try:
        with broker_double(port, double):
            await until(lambda: double.held == 1)
            double.will(token("t2"))
            assert await job == "t2"
    finally:
        await opening.__aexit__(None, None, None)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_broker_that_stays_away_is_given_up_when_the_wait_it_spoke_of_is_over(
    broker: BrokerDouble, kind: str
) -> None:
    clock = Clock()
    broker.will(reconnect("revoked", waits=30), Answer(502))
    async with opened(kind, broker, clock) as store:
        with pytest.raises(ReconnectRequired) as caught:
            await waiting(store)
    assert (caught.value.reason, caught.value.waits_until) == ("revoked", None)
    assert sum(clock.slept) == pytest.approx(30, abs=2)
    assert max(clock.slept) == 5


async def test_closing_a_store_of_threads_ends_its_waits(broker: BrokerDouble) -> None:
    broker.will(reconnect("revoked", waits=60))
    with SyncMCPTokenStore(SyncBroker(broker.url, KEY)) as store:
        jobs = [
            asyncio.create_task(asyncio.to_thread(store.resolve, None, "incidents", job_id="job-1", wait=True))
            for _ in range(2)
        ]
        await until(lambda: broker.held == 1)
        store.close()
        broker.will(reconnect("revoked", waits=60))
        ends = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(end) for end in ends] == [RuntimeError, RuntimeError]
