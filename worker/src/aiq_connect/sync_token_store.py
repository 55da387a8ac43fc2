"""`SyncMCPTokenStore`: the same for ordinary Dask tasks, which run in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import NoReturn, Self
from weakref import WeakValueDictionary

from aiq_connect.access_token import AccessToken
from aiq_connect.asking import MAX_CACHE, Ask, Asking, Key, Question, Steps
from aiq_connect.broker import SyncBroker
from aiq_connect.errors import AiqConnectError, ReconnectRequired


class SyncMCPTokenStore:
    """`MCPTokenStore` for threads: the same rules, the same errors, and calls that block.

    Any number of threads may share one store, and one per process is best: its cache then serves all of them. It
    cannot be sent to another process, because it holds the worker's key and people's tokens.
    """

    def __init__(
        self,
        broker: SyncBroker | None = None,
        *,
        cache: timedelta = MAX_CACHE,
        patience: timedelta = timedelta(seconds=20),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """As `MCPTokenStore`; `sleep` should return early when the store is closed, as the default does."""
        self._broker = broker or SyncBroker.from_environment()
        self._asking = Asking(cache=cache, patience=patience, clock=clock)
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._locks = threading.Lock()
        self._turns: WeakValueDictionary[Key, _Turn] = WeakValueDictionary()
        self._waits: WeakValueDictionary[Key, _Turn] = WeakValueDictionary()

    def resolve(
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
        """As `MCPTokenStore.resolve`. With `wait` it may block for minutes; closing the store ends that within 25 s.

        Raises what `MCPTokenStore.resolve` raises, and `RuntimeError` when the store is closed.
        """
        question = Question(job_id, mcp_server_id, user_sub, min_ttl.total_seconds(), rejected_sha256, challenge)
        try:
            with self._turn(self._turns, question.key):
                return self._walk(self._asking.ask(question))
        except ReconnectRequired as failure:
            if not wait or failure.waits_until is None:
                raise
            refusal = failure
        with self._turn(self._waits, question.key):
            return self._walk(self._asking.wait(question, refusal))

    def close(self) -> None:
        """Forget everything and close the connections."""
        self._closed.set()
        self._asking.forget()
        self._broker.close()

    def _walk(self, steps: Steps) -> AccessToken:
        try:
            step = next(steps)
            while True:
                try:
                    outcome = None
                    if isinstance(step, Ask):
                        self._ensure_open()
                        outcome = self._broker.resolve(step.request)
                    else:
                        self._sleep(step.seconds)
                except AiqConnectError as failure:
                    step = steps.throw(failure)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            token: AccessToken = end.value
            return token

    def _ensure_open(self) -> None:
        if self._closed.is_set():
            raise RuntimeError("this token store is closed")

    def _turn(self, turns: WeakValueDictionary[Key, _Turn], key: Key) -> _Turn:
        """Return the key's lock, which lives as long as somebody uses it."""
        with self._locks:
            turn = turns.get(key)
            if turn is None:
                turn = turns[key] = _Turn()
            return turn

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a token store does not leave its process: make it in the task, once per process")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Turn:
    """A lock that can be referred to weakly."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
