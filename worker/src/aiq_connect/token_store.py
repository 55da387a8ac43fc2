"""`MCPTokenStore`: what a job asks for its owner's token."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from aiq_connect.access_token import AccessToken
from aiq_connect.broker import Broker, ResolveRequest
from aiq_connect.errors import Definitive, ReconnectRequired, Transient

# Disconnecting reaches a running job within this time, and the page promises it.
MAX_CACHE = timedelta(seconds=60)

# A model that tries ten tools one after the other need not make the broker say ten times that its owner is missing.
_BELIEVE_REFUSAL = 3.0


@dataclass(frozen=True, slots=True)
class _Held:
    token: AccessToken
    asked_at: float
    expires_at: float | None

    def outlives(self, min_ttl: float, now: float) -> bool:
        if self.expires_at is None:
            return True
        # A provider whose tokens live shorter than `min_ttl` would otherwise be asked at every call.
        wanted = min(min_ttl, (self.token.lifetime or 0) / 2)
        return self.expires_at - now > wanted


class MCPTokenStore:
    """Tokens of the people whose jobs run here, each for one job and one MCP server.

    A token is asked for when it is needed and kept for at most 60 seconds; then the broker is asked again. Refreshing
    is the broker's business alone. Use one store per event loop, and close it (`async with`).
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
        self._cache = min(cache, MAX_CACHE).total_seconds()
        self._patience = patience.total_seconds()
        self._clock = clock
        self._sleep = sleep
        self._held: dict[tuple[str, str], _Held] = {}
        self._refused: dict[tuple[str, str], tuple[float, ReconnectRequired]] = {}
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def resolve(
        self,
        user_sub: str | None,
        mcp_server_id: str,
        *,
        job_id: str,
        min_ttl: timedelta = timedelta(seconds=30),
        rejected_sha256: str | None = None,
        challenge: str | None = None,
    ) -> AccessToken:
        """Return a token of the job's owner for this server that lasts at least `min_ttl` if the provider allows it.

        `user_sub` must be the job's owner if given. `rejected_sha256` names the token that the server refused and
        `challenge` is the `WWW-Authenticate` of that refusal: the broker then renews the token if it is still its
        current one.

        Raises `ReconnectRequired` and the other definitive errors at once, transient ones after `patience`.
        """
        key = (job_id, mcp_server_id)
        ttl = min_ttl.total_seconds()
        async with self._turns[key]:
            held = self._held.get(key)
            if held and held.token.sha256 == rejected_sha256:
                held = None
            now = self._clock()
            refused = self._refused.get(key)
            if refused and now - refused[0] < _BELIEVE_REFUSAL:
                raise refused[1]
            if held and now - held.asked_at < self._cache and held.outlives(ttl, now):
                return held.token
            still_good = held if held and held.outlives(ttl, now) else None
            answer = await self._ask(
                ResolveRequest(
                    job_id=job_id,
                    mcp_server_id=mcp_server_id,
                    user_sub=user_sub,
                    min_ttl_seconds=round(ttl),
                    known_sha256=still_good.token.sha256 if still_good else None,
                    rejected_sha256=rejected_sha256,
                    challenge=challenge,
                ),
                key,
            )
            now = self._clock()
            if answer is not None:
                self._held[key] = _Held(answer, now, None if answer.lifetime is None else now + answer.lifetime)
            elif still_good is not None:
                self._held[key] = replace(still_good, asked_at=now)
            return self._held[key].token

    async def _ask(self, request: ResolveRequest, key: tuple[str, str]) -> AccessToken | None:
        give_up = self._clock() + self._patience
        pause = 0.25
        while True:
            try:
                return await self._broker.resolve(request)
            except Transient as failure:
                pause = min(pause * 2, 5.0)
                wait = failure.retry_after if failure.retry_after is not None else pause
                if self._clock() + wait > give_up:
                    raise
                await self._sleep(wait)
            except Definitive as failure:
                # What the broker no longer stands by must not be served from memory.
                self._held.pop(key, None)
                if isinstance(failure, ReconnectRequired):
                    self._refused[key] = (self._clock(), failure)
                raise

    async def aclose(self) -> None:
        """Forget everything and close the connections."""
        self._held.clear()
        self._refused.clear()
        await self._broker.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
