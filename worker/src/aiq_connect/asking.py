"""How a token is asked for: one set of rules for the store of an event loop and for the store of threads.

Nothing is asked here and nobody sleeps. The rules are generators that yield what is to be done next (`Ask`, `Pause`);
a store does it in its own way and sends the outcome back, or throws the failure in.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import timedelta

from aiq_connect.access_token import AccessToken
from aiq_connect.errors import Definitive, ReconnectRequired, Transient
from aiq_connect.wire import LONG_POLL, ResolveRequest

# Disconnecting reaches a running job within this time, and the page promises it.
MAX_CACHE = timedelta(seconds=60)

# A model that tries ten tools one after the other need not make the broker say ten times that its owner is missing.
_BELIEVE_REFUSAL = 3.0
# What was not asked about for so long belongs to a job that has ended, or may as well be asked for anew.
_FORGET = 600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
# A broker that answers a long poll at once, and still says "wait", is not asked in a circle.
_SHORTEST_ROUND = 1.0

Key = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the broker this, and send back its answer."""

    request: ResolveRequest


@dataclass(frozen=True, slots=True)
class Pause:
    """Let so many seconds pass, and send back `None`."""

    seconds: float


Steps = Generator[Ask | Pause, AccessToken | None, AccessToken]


@dataclass(frozen=True, slots=True)
class Question:
    """What a job wants: a token of its owner for one server. See `MCPTokenStore.resolve` for the fields."""

    job_id: str
    mcp_server_id: str
    user_sub: str | None
    min_ttl: float
    rejected_sha256: str | None
    challenge: str | None

    @property
    def key(self) -> Key:
        """Say whose answer it is: another job's, server's or person's answer never serves it."""
        return self.job_id, self.mcp_server_id, self.user_sub

    def request(self, *, known_sha256: str | None = None, wait_seconds: int | None = None) -> ResolveRequest:
        """Return the question as the broker is asked it."""
        return ResolveRequest(
            job_id=self.job_id,
            mcp_server_id=self.mcp_server_id,
            user_sub=self.user_sub,
            min_ttl_seconds=round(self.min_ttl),
            known_sha256=known_sha256,
            rejected_sha256=self.rejected_sha256,
            challenge=self.challenge,
            wait_seconds=wait_seconds,
        )


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


@dataclass(frozen=True, slots=True)
class _Refused:
    failure: ReconnectRequired
    at: float


class Asking:
    """What is remembered of the broker's answers, and the rules for asking.

    The store has to see to it that of each key one `ask` and one `wait` run at a time.
    """

    def __init__(self, *, cache: timedelta, patience: timedelta, clock: Callable[[], float]) -> None:
        self._cache = min(cache, MAX_CACHE).total_seconds()
        self._patience = patience.total_seconds()
        self._clock = clock
        self._held: dict[Key, _Held] = {}
        self._refused: dict[Key, _Refused] = {}

    def ask(self, question: Question) -> Steps:
        """Answer from memory, or ask; transient failures are waited out for a while, nobody waits for a person."""
        remembered = self._remembered(question)
        if remembered is not None:
            return remembered
        held = self._still_good(question)
        request = question.request(known_sha256=held.token.sha256 if held else None)
        give_up = self._clock() + self._patience
        pause = _FIRST_PAUSE
        while True:
            began = self._clock()
            try:
                answer = yield Ask(request)
            except Transient as failure:
                seconds = failure.retry_after if failure.retry_after is not None else pause
                if self._clock() + seconds > give_up:
                    raise
                yield Pause(seconds)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Definitive as failure:
                self._believe(question.key, failure)
                raise
            else:
                return self._keep(question.key, answer, held, began)

    def wait(self, question: Question, refusal: ReconnectRequired) -> Steps:
        """After this refusal, ask until the person has helped or the broker says that the job should wait no more.

        A broker that does not answer is asked again until the wait that it last spoke of is over.
        """
        remembered = self._remembered(question, may_wait=True)
        if remembered is not None:
            return remembered
        last = self._refused.get(question.key) or _Refused(refusal, self._clock())
        pause = _FIRST_PAUSE
        while True:
            began = self._clock()
            try:
                answer = yield Ask(question.request(wait_seconds=LONG_POLL))
            except ReconnectRequired as failure:
                last = self._believe_refusal(question.key, failure)
                if failure.waits_until is None:
                    raise
                pause = _FIRST_PAUSE
                if last.at - began < _SHORTEST_ROUND:
                    yield Pause(_SHORTEST_ROUND)
            except Transient as failure:
                left = last.at + last.failure.waits_for - self._clock()
                if left <= 0:
                    raise self._given_up(question.key, last) from failure
                advice = failure.retry_after if failure.retry_after is not None else pause
                yield Pause(min(advice, _LONGEST_PAUSE, left))
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Definitive as failure:
                self._believe(question.key, failure)
                raise
            else:
                return self._keep(question.key, answer, None, began)

    def forget(self) -> None:
        """Forget every answer."""
        self._held.clear()
        self._refused.clear()

    def _remembered(self, question: Question, *, may_wait: bool = False) -> AccessToken | None:
        """Return what need not be asked for; raise the refusal of a moment ago, unless it may be waited out."""
        now = self._clock()
        held = self._still_good(question)
        if held is not None and now - held.asked_at < self._cache:
            return held.token
        refused = self._refused.get(question.key)
        if refused is None or now - refused.at >= _BELIEVE_REFUSAL:
            return None
        if may_wait and refused.failure.waits_until is not None:
            return None
        # A copy, because an exception collects the traces of all who raise it.
        raise copy.copy(refused.failure)

    def _still_good(self, question: Question) -> _Held | None:
        held = self._held.get(question.key)
        if held is None or held.token.sha256 == question.rejected_sha256:
            return None
        return held if held.outlives(question.min_ttl, self._clock()) else None

    def _keep(self, key: Key, answer: AccessToken | None, known: _Held | None, began: float) -> AccessToken:
        now = self._clock()
        if answer is not None:
            # From the moment it was asked for: how long the answer was on its way is not known, and it may be long.
            held = _Held(answer, now, None if answer.lifetime is None else began + answer.lifetime)
        elif known is not None:
            held = replace(known, asked_at=now)
        else:
            raise AssertionError("a client answers None only to a question that names a known token")
        self._forget_what_is_old(now)
        self._refused.pop(key, None)
        self._held[key] = held
        return held.token

    def _believe(self, key: Key, failure: Definitive) -> None:
        if isinstance(failure, ReconnectRequired):
            self._believe_refusal(key, failure)
        # What the broker no longer stands by must not be served from memory.
        self._held.pop(key, None)

    def _believe_refusal(self, key: Key, failure: ReconnectRequired) -> _Refused:
        now = self._clock()
        self._forget_what_is_old(now)
        self._held.pop(key, None)
        refused = self._refused[key] = _Refused(failure, now)
        return refused

    def _given_up(self, key: Key, last: _Refused) -> ReconnectRequired:
        failure = copy.copy(last.failure)
        failure.waits_until = None
        self._believe_refusal(key, failure)
        return failure

    def _forget_what_is_old(self, now: float) -> None:
        # Listed first and removed if still there, because other threads do the same.
        for key, held in list(self._held.items()):
            if now - held.asked_at > _FORGET:
                self._held.pop(key, None)
        for key, refused in list(self._refused.items()):
            if now - refused.at > _FORGET:
                self._refused.pop(key, None)
