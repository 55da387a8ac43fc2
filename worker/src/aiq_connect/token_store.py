"""`MCPTokenStore`: what a job asks for its owner's token, on an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from aiq_connect.access_token import AccessToken
from aiq_connect.asking import MAX_CACHE, Ask, Asking, Key, Question, Steps
from aiq_connect.broker import Broker
from aiq_connect.errors import AiqConnectError, ReconnectRequired

_Locks = WeakValueDictionary[Key, asyncio.Lock]


class MCPTokenStore:
    """Tokens of the people whose jobs run here, each for one job and one MCP server.

    A token is asked for when it is needed and kept for at most 60 seconds; then the broker is asked again. Refreshing
    is the broker's business alone. Use one store per event loop, and close it (`async with`). Threads use
    `SyncMCPTokenStore`.
    """

    def __init__(
        self,
        broker: Broker | None = None,
        *,
        cache: timedelta = MAX_CACHE,
        patience: timedelta = timedelta(seconds=20),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Use `broker`, or the one that the environment names.

        `patience` is how long transient failures are waited out before they are raised.
        """
        self._broker = broker or Broker.from_environment()
        self._asking = Asking(cache=cache, patience=patience, clock=clock)
        self._sleep = sleep
        # Kept apart, so that a call that does not wait for a person is not held up by one that does.
        self._turns: _Locks = WeakValueDictionary()
        self._waits: _Locks = WeakValueDictionary()

    async def resolve(
        self,
        user_sub: str | None,
        mcp_server_id: str,
        *,
        job_id: str,
        wait: bool = False,
        min_ttl: timedelta = timedelta(seconds=30),
        rejected_sha256: str | None = None,
        challenge: str | None = None,
    ) -> AccessToken:
        """Return a token of the job's owner for this server that lasts at least `min_ttl` if the provider allows it.

        `user_sub` must be the job's owner if given. With `wait`, a job whose owner has to reconnect waits for it, as
        long as the broker says: minutes, without holding up other calls; several calls wait with one request, and
        cancelling one leaves the others alone. `rejected_sha256` names the token that the server refused and
        `challenge` is the `WWW-Authenticate` of that refusal: the broker then renews the token if it is still its
        current one.

        Raises `ReconnectRequired` at once, or with `wait` when the wait is over, the other definitive errors at once,
        and transient ones after `patience`.
        """
        question = Question(job_id, mcp_server_id, user_sub, min_ttl.total_seconds(), rejected_sha256, challenge)
        try:
            async with _lock(self._turns, question.key):
                return await self._walk(self._asking.ask(question))
        except ReconnectRequired as failure:
            if not wait or failure.waits_until is None:
                raise
            refusal = failure
        async with _lock(self._waits, question.key):
            return await self._walk(self._asking.wait(question, refusal))

    async def aclose(self) -> None:
        """Forget everything and close the connections."""
        self._asking.forget()
        await self._broker.aclose()

    async def _walk(self, steps: Steps) -> AccessToken:
        try:
            step = next(steps)
            while True:
                try:
                    outcome = None
                    if isinstance(step, Ask):
                        outcome = await self._broker.resolve(step.request)
                    else:
                        await self._sleep(step.seconds)
                except AiqConnectError as failure:
                    step = steps.throw(failure)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            token: AccessToken = end.value
            return token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _lock(locks: _Locks, key: Key) -> asyncio.Lock:
    """Return the key's lock, which lives as long as somebody uses it."""
    lock = locks.get(key)
    if lock is None:
        lock = locks[key] = asyncio.Lock()
    return lock
