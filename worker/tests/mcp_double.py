"""A protected MCP server: the SDK's own server behind a check of the bearer, on a free loopback port."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.fastmcp import Context, FastMCP
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

CHALLENGE = 'Bearer error="invalid_token", resource_metadata="http://127.0.0.1:9/.well-known/oauth-protected-resource"'
SCOPE_CHALLENGE = 'Bearer error="insufficient_scope", scope="incidents:write"'


@dataclass
class McpDouble:
    """`people` maps accepted tokens to their owners; `seen` holds the bearer of every request.

    `good_for` is how many requests are let through before every token is refused. `sessions` holds the session of every
    tool call, and the tool `slow` answers when `release` is set.
    """

    url: str = ""
    people: dict[str, str] = field(default_factory=dict)
    narrow: set[str] = field(default_factory=set)
    good_for: int | None = None
    seen: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    sessions: list[str | None] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def protect(self, app: ASGIApp) -> ASGIApp:
        async def checked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            header = dict(scope["headers"]).get(b"authorization", b"").decode()
            token = header.removeprefix("Bearer ")
            self.seen.append(token)
            if token in self.narrow:
                await PlainTextResponse("", 403, {"WWW-Authenticate": SCOPE_CHALLENGE})(scope, receive, send)
            elif token not in self.people or (self.good_for is not None and len(self.seen) > self.good_for):
                await PlainTextResponse("", 401, {"WWW-Authenticate": CHALLENGE})(scope, receive, send)
            else:
                await app(scope, receive, send)

        return checked

    def tools(self) -> FastMCP[Any]:
        mcp: FastMCP[Any] = FastMCP("double")

        @mcp.tool()
        def whoami(ctx: Context[Any, Any, Any]) -> str:
            """Say who asks."""
            self.calls.append("whoami")
            request = ctx.request_context.request
            if request is None:
                raise RuntimeError("no request")
            self.sessions.append(request.headers.get("mcp-session-id"))
            return self.people[request.headers["authorization"].removeprefix("Bearer ")]

        @mcp.tool()
        def divide(by: int) -> str:
            """Divide one hundred."""
            self.calls.append("divide")
            return str(100 // by)

        @mcp.tool()
        async def slow() -> str:
            """Take a while."""
            self.calls.append("slow")
            await asyncio.to_thread(self.release.wait, 10)
            return "done"

        return mcp


class _Server(uvicorn.Server):
    def wait_until_started(self) -> None:
        deadline = time.monotonic() + 10
        while not self.started:
            if time.monotonic() > deadline:
                raise TimeoutError("the MCP double did not start")
            time.sleep(0.005)


@contextmanager
def mcp_double(port: int = 0, double: McpDouble | None = None) -> Iterator[McpDouble]:
    """Serve until the block ends; `port` and `double` of an earlier one make it a restarted server."""
    double = double or McpDouble()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    double.url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    app = double.protect(double.tools().streamable_http_app())
    server = _Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    server.wait_until_started()
    try:
        yield double
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
