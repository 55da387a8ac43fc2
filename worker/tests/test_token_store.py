import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from aiq_connect import (
    AccessToken,
    Broker,
    IdpUnreachable,
    JobUnknown,
    MCPTokenStore,
    ReconnectRequired,
    ServerNotCovered,
)
from aiq_connect.asking import Ask, Asking, Question
from tests.broker_double import KEY, BrokerDouble, fault, reconnect, token, unchanged
from tests.stores import KINDS, Clock, Store, opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=KINDS)
async def store(broker: BrokerDouble, clock: Clock, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with opened(request.param, broker, clock) as store:
        yield store


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def ask(store: Store, job_id: str = "job-1") -> str:
    return (await store.resolve("alice", "incidents", job_id=job_id)).value


async def test_calls_within_a_minute_share_one_question(broker: BrokerDouble, store: Store, clock: Clock) -> None:
    broker.will(token("t1"))
    answers = await asyncio.gather(*(ask(store) for _ in range(8)))
    clock.now += 59
    assert [*answers, await ask(store)] == ["t1"] * 9
    assert len(broker.asked) == 1
    assert broker.asked[0]["user_sub"] == "alice"


async def test_after_a_minute_the_broker_is_asked_whether_the_token_is_still_the_one(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    broker.will(token("t1"), unchanged(), token("t2"))
    await ask(store)
    clock.now += 61
    assert await ask(store) == "t1"
    assert broker.asked[1]["known_sha256"] == sha256("t1")
    clock.now += 59
    assert await ask(store) == "t1"
    clock.now += 2
    assert await ask(store) == "t2"


async def test_disconnecting_ends_a_job_within_a_minute(broker: BrokerDouble, store: Store, clock: Clock) -> None:
    broker.will(token("t1"), reconnect())
    await ask(store)
    clock.now += 61
    with pytest.raises(ReconnectRequired):
        await ask(store)
    clock.now += 5
    with pytest.raises(ReconnectRequired):
        await ask(store)
    assert "known_sha256" not in broker.asked[2], "what the broker no longer stands by is forgotten"


async def test_a_token_that_is_about_to_expire_is_not_used(broker: BrokerDouble, store: Store, clock: Clock) -> None:
    broker.will(token("t1", seconds=80), token("t2"))
    await ask(store)
    clock.now += 45
    assert await ask(store) == "t1"
    clock.now += 6
    assert await ask(store) == "t2"
    assert "known_sha256" not in broker.asked[1]


async def test_a_token_that_lives_shorter_than_asked_is_used_for_half_its_life(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    broker.will(token("t1", seconds=20), token("t2", seconds=20))
    await ask(store)
    clock.now += 8
    assert await ask(store) == "t1"
    clock.now += 4
    assert await ask(store) == "t2"


@pytest.mark.parametrize("ahead", [90, -90])
async def test_a_broker_whose_clock_is_wrong_does_not_make_a_token_last_longer_or_shorter(
    broker: BrokerDouble, store: Store, clock: Clock, ahead: float
) -> None:
    broker.will(token("t1", seconds=20, database_ahead=ahead), token("t2", seconds=20, database_ahead=ahead))
    await ask(store)
    clock.now += 8
    assert await ask(store) == "t1"
    clock.now += 4
    assert await ask(store) == "t2"


async def test_a_broker_that_does_not_say_how_long_a_token_lasts_is_believed_by_its_own_clock(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    older = [token("t1", seconds=20), token("t2", seconds=20)]
    for answer in older:
        assert answer.body is not None
        del answer.body["expires_in_seconds"]
    broker.will(*older)
    await ask(store)
    clock.now += 8
    assert await ask(store) == "t1"
    clock.now += 4
    assert await ask(store) == "t2"


def test_the_time_that_an_answer_was_on_its_way_is_not_added_to_a_tokens_life(clock: Clock) -> None:
    asking = Asking(cache=timedelta(seconds=60), patience=timedelta(0), clock=lambda: clock.now)
    question = Question("job-1", "incidents", None, 30, None, None)
    steps = asking.ask(question)
    assert isinstance(next(steps), Ask)
    clock.now += 9
    with pytest.raises(StopIteration):
        steps.send(AccessToken("t1", "https://mcp.example/mcp", lifetime=20))
    clock.now += 2
    assert isinstance(next(asking.ask(question)), Ask), "eleven of its twenty seconds are over"


async def test_a_token_without_an_end_is_asked_about_each_minute(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    broker.will(token("t1", seconds=None), unchanged())
    await ask(store)
    clock.now += 61
    assert await ask(store) == "t1"
    assert len(broker.asked) == 2


async def test_a_refused_token_is_reported_with_the_servers_challenge(broker: BrokerDouble, store: Store) -> None:
    broker.will(token("t1"), token("t2"))
    await ask(store)
    renewed = await store.resolve(
        None, "incidents", job_id="job-1", rejected_sha256=sha256("t1"), challenge='Bearer error="invalid_token"'
    )
    assert renewed.value == "t2"
    assert broker.asked[1]["rejected_sha256"] == sha256("t1")
    assert broker.asked[1]["challenge"] == 'Bearer error="invalid_token"'


async def test_many_calls_refused_with_the_same_token_renew_it_once(broker: BrokerDouble, store: Store) -> None:
    broker.will(token("t1"), token("t2"))
    await ask(store)
    renewed = await asyncio.gather(
        *(store.resolve(None, "incidents", job_id="job-1", rejected_sha256=sha256("t1")) for _ in range(5))
    )
    assert {one.value for one in renewed} == {"t2"}
    assert len(broker.asked) == 2


async def test_jobs_do_not_share_tokens(broker: BrokerDouble, store: Store) -> None:
    broker.will(token("of-alice"), token("of-bob"))
    assert await ask(store, "job-1") == "of-alice"
    assert await ask(store, "job-2") == "of-bob"
    assert await ask(store, "job-1") == "of-alice"


async def test_a_passing_failure_is_waited_out_as_long_as_the_broker_says(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    broker.will(fault(503, "refresh_in_progress", 1), fault(503, "idp_unreachable", 3), token("t1"))
    assert await ask(store) == "t1"
    assert clock.slept == [1, 3]


async def test_a_failure_that_does_not_pass_is_raised_in_time(broker: BrokerDouble, store: Store, clock: Clock) -> None:
    broker.will(fault(503, "idp_unreachable", 6))
    with pytest.raises(IdpUnreachable):
        await ask(store)
    assert clock.slept == [6, 6, 6]


async def test_a_model_that_keeps_trying_makes_the_broker_say_it_once(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    broker.will(reconnect(), token("t1"))
    for _ in range(4):
        with pytest.raises(ReconnectRequired):
            await ask(store)
    assert len(broker.asked) == 1
    clock.now += 4
    assert await ask(store) == "t1"


async def test_what_one_person_was_given_never_serves_a_question_about_another(
    broker: BrokerDouble, store: Store
) -> None:
    broker.will(token("of-alice"), fault(403, "server_not_covered"))
    await ask(store)
    with pytest.raises(ServerNotCovered):
        await store.resolve("bob", "incidents", job_id="job-1")
    assert broker.asked[1]["user_sub"] == "bob"


async def test_a_job_that_ends_gets_nothing_from_memory_afterwards(
    broker: BrokerDouble, store: Store, clock: Clock
) -> None:
    broker.will(token("t1"), fault(404, "job_unknown"))
    await ask(store)
    clock.now += 61
    for _ in range(2):
        with pytest.raises(JobUnknown):
            await ask(store)


async def test_a_cache_longer_than_a_minute_cannot_be_had(broker: BrokerDouble, clock: Clock) -> None:
    broker.will(token("t1"), unchanged())
    patient = MCPTokenStore(Broker(broker.url, KEY), cache=timedelta(hours=1), clock=clock)
    async with patient as store:
        await ask(store)
        clock.now += 61
        await ask(store)
    assert len(broker.asked) == 2
