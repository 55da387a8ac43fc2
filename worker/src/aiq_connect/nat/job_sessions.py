"""The MCP sessions of the jobs that use one group: one per job, so that no two people ever share one."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from aiq_connect.errors import ReconnectRequired
from aiq_connect.nat.account import Account
from aiq_connect.nat.job import current_job
from aiq_connect.nat.mcp_session import McpSession

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """The MCP server that sessions are opened with."""

    url: str
    timeout: timedelta
    headers: dict[str, str] | None = None


class JobSessions:
    """Finds the session of the job that is calling, and its owner when only the owner can help."""

    def __init__(self, target: Target, account_of: Callable[[str], Account], *, wait_for_person: bool) -> None:
        self._target = target
        self._account_of = account_of
        self._wait_for_person = wait_for_person
        self._sessions: dict[str, McpSession] = {}
        self._retired: set[McpSession] = set()

    async def open(self) -> McpSession:
        """Return the session of the job that is calling. Raises `AiqConnectError`."""
        job_id = current_job()
        account = self._account_of(job_id)
        # Asked first, so that a job of somebody who is not connected does not even open a connection.
        await account.token(self._target.url)
        session = self._sessions.get(job_id)
        if session is not None and session.is_alive:
            return session
        if session is not None:
            self.retire(session)
        session = McpSession(self._target.url, account, timeout=self._target.timeout, headers=self._target.headers)
        self._sessions[job_id] = session
        return session

    def retire(self, session: McpSession) -> None:
        """Let the calls that are being made on the session end, and make the next one on a fresh session."""
        session.retire()
        self._retired = {one for one in self._retired if not one.is_over} | {session}

    async def person_has_helped(self, refusal: ReconnectRequired) -> None:
        """Return when the calling job's owner has ended this refusal; raise `ReconnectRequired` to go on without."""
        if refusal.waits_until is None or not self._wait_for_person:
            raise refusal
        _log.info("a job waits for its owner: %s at %s", refusal.reason, refusal.source_id)
        await self._account_of(current_job()).wait_for_person(refusal)

    async def aclose(self) -> None:
        """End the sessions of all jobs."""
        sessions = [*self._sessions.values(), *self._retired]
        self._sessions.clear()
        self._retired.clear()
        await asyncio.gather(*(session.aclose() for session in sessions))
