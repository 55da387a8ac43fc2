"""Both stores behind one face, so that every rule is tested of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiq_connect import AccessToken, Broker, MCPTokenStore, SyncBroker, SyncMCPTokenStore
from tests.broker_double import KEY, BrokerDouble

KINDS = ("event loop", "threads")


class Clock:
    """Time that passes when the test, or a pause of the store, says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)


class InThreads:
    """The store of threads, each call in a thread of its own."""

    def __init__(self, store: SyncMCPTokenStore) -> None:
        self._store = store

    async def resolve(self, *arguments: Any, **named: Any) -> AccessToken:  # noqa: ANN401 - as the store says
        return await asyncio.to_thread(self._store.resolve, *arguments, **named)


Store = MCPTokenStore | InThreads


@asynccontextmanager
async def opened(kind: str, broker: BrokerDouble, clock: Clock | None = None) -> AsyncIterator[Store]:
    if kind == "event loop":
        patient: dict[str, Any] = {} if clock is None else {"clock": clock, "sleep": clock.sleep}
        async with MCPTokenStore(Broker(broker.url, KEY), **patient) as store:
            yield store
    else:
        blocking: dict[str, Any] = {} if clock is None else {"clock": clock, "sleep": clock.pass_by}
        with SyncMCPTokenStore(SyncBroker(broker.url, KEY), **blocking) as blocking_store:
            yield InThreads(blocking_store)
