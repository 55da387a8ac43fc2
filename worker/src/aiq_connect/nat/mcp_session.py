"""One MCP session of one job, opened when the first call needs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import httpx
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, Tool

from aiq_connect.errors import AiqConnectError, ServerUnreachable
from aiq_connect.nat.account import Account
from aiq_connect.nat.transport import FAILURE, AccountTransport

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_CONNECT_SECONDS = 30
# The SDK's answer for a session that the server no longer knows: the request was not carried out.
_SESSION_GONE = 32600


class SessionEnded(Exception):
    """The server does not know the session any more; the call was not carried out and may be made on a fresh one."""


class McpSession:
    """A session with the MCP server, as the owner of one job.

    A task of its own owns the connection, because it has to be closed by the task that opened it.
    """

    def __init__(
        self, url: str, account: Account, *, timeout: timedelta, headers: dict[str, str] | None = None
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._headers = headers
        self._transport = AccountTransport(account)
        self._opened: asyncio.Future[ClientSession] | None = None
        self._closing = asyncio.Event()
        self._is_retired = False
        self._calls = 0
        self._life: asyncio.Task[None] | None = None

    async def call_tool(self, name: str, arguments: dict[str, object]) -> CallToolResult:
        """Call the tool once, with one request. Raises `AiqConnectError` or `SessionEnded`.

        The SDK's own `call_tool` asks for the list of tools after the call: a refusal of that second request would look
        like one of the call, which was carried out and must not be made again.
        """
        call = ClientRequest(CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments)))
        return await self._ask(
            lambda session: session.send_request(call, CallToolResult, request_read_timeout_seconds=self._timeout)
        )

    async def list_tools(self) -> list[Tool]:
        """List the tools that the owner may see."""
        return (await self._ask(lambda session: session.list_tools())).tools

    def retire(self) -> None:
        """Take no more calls, and end when those that are being made have ended."""
        self._is_retired = True
        if self._calls == 0:
            self._closing.set()

    async def aclose(self) -> None:
        """End the session at the server and close the connections."""
        self._closing.set()
        if self._life is not None:
            await asyncio.gather(self._life, return_exceptions=True)

    async def _ask(self, request: Callable[[ClientSession], Awaitable[_T]]) -> _T:
        self._calls += 1
        try:
            session = await self._open()
            return await self._unless_it_ends(request(session))
        except McpError as error:
            raise self._meaning(error) from None
        finally:
            self._calls -= 1
            if self._is_retired:
                self.retire()

    def _meaning(self, error: McpError) -> Exception:
        """Return what a JSON-RPC error stands for: a failure of ours, or the server's own."""
        failure = self._transport.failure(error.error.data) if error.error.code == FAILURE else None
        if failure is not None:
            if self._transport.is_broken:
                self.retire()
            return failure
        if error.error.code == _SESSION_GONE:
            self._closing.set()
            return SessionEnded()
        if error.error.code == httpx.codes.REQUEST_TIMEOUT:
            return ServerUnreachable(f"the MCP server did not answer within {self._timeout}")
        return error

    async def _open(self) -> ClientSession:
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(self._opened), name="aiq-connect-mcp-session")
        # Shielded, so that one cancelled call does not take the session from the others.
        return await asyncio.shield(self._opened)

    async def _live(self, opened: asyncio.Future[ClientSession]) -> None:
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport,
                    headers=self._headers,
                    timeout=httpx.Timeout(_CONNECT_SECONDS, read=self._timeout.total_seconds() + _CONNECT_SECONDS),
                    # A redirect would carry the token to an address that nobody checked.
                    follow_redirects=False,
                ) as http,
                streamable_http_client(self._url, http_client=http) as (read, write, _),
                ClientSession(read, write) as session,
            ):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await session.initialize()
                opened.set_result(session)
                await self._closing.wait()
        except Exception as error:
            if opened.done():
                _log.info("an MCP session broke: %s", type(_cause(error)).__name__)
            else:
                cause = _cause(error)
                # Said once, because several calls may have waited for the session.
                opened.set_exception(self._meaning(cause) if isinstance(cause, McpError) else cause)
        finally:
            opened.cancel()

    async def _unless_it_ends(self, call: Awaitable[_T]) -> _T:
        """Await the call, but not longer than the connection lives: the SDK would never answer it."""
        pending = asyncio.ensure_future(call)
        if self._life is None:
            raise AssertionError("a session that is open has a task that keeps it")
        try:
            await asyncio.wait({pending, self._life}, return_when=asyncio.FIRST_COMPLETED)
            if pending.done():
                return pending.result()
            raise ServerUnreachable("the connection to the MCP server broke during the call")
        finally:
            pending.cancel()

    @property
    def is_alive(self) -> bool:
        """Say whether another call may be made on this session."""
        return not self._is_retired and not self._closing.is_set() and (self._life is None or not self._life.done())

    @property
    def is_over(self) -> bool:
        """Say whether nothing of this session is left to be closed."""
        return self._closing.is_set() and (self._life is None or self._life.done())


def _cause(error: BaseException) -> BaseException:
    """Return the first real cause inside the groups that task groups wrap around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, McpError | AiqConnectError):
        return error
    return ServerUnreachable(f"no MCP session could be opened ({type(error).__name__})")
