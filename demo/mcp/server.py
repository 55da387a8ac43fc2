"""The demo's protected MCP servers. Every row belongs to somebody, and only the owner's token shows it.

`server.py` serves incidents, `server.py --source tickets` tickets; with `--list alice` it prints the rows of alice by
the same function and exits.
"""

import argparse
import hashlib
import json
import os
import socket
import sys
from typing import Any

import uvicorn
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import AccessToken
from fastmcp.server.dependencies import get_access_token

from protection import protection
from settings import SettingError, Settings, read_settings
from sources import SOURCES, Row, Source

_HOST = "127.0.0.1"


def say(line: str) -> None:
    """Write one line to standard output at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def caller(tool: str) -> tuple[str, AccessToken]:
    """Return who makes this very request, by the token of this very request, and log it without the token."""
    token = get_access_token()
    if token is None or not token.subject:
        raise ToolError("the request carries no token of a person")
    say(json.dumps({"event": "tool", "tool": tool, "sub": token.subject, "token": fingerprint(token.token)}))
    return token.subject, token


def fingerprint(token: str) -> str:
    """Eight hex digits that tell two tokens apart and lead back to neither."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


def build(settings: Settings, source: Source) -> FastMCP[Any]:
    """Build the server with its two tools."""
    mcp: FastMCP[Any] = FastMCP(source.name, auth=protection(settings, source))

    @mcp.tool
    def whoami() -> dict[str, str]:
        """Say whose account this request acts for, and which access token it carried (first 8 hex of SHA-256)."""
        sub, token = caller("whoami")
        return {"sub": sub, "token_sha256_prefix": fingerprint(token.token)}

    @mcp.tool
    def my_rows() -> list[Row]:
        """List the rows that belong to the person this request acts for."""
        sub, _ = caller("my_rows")
        return source.rows_of(sub)

    return mcp


class _Announcing(uvicorn.Server):
    """Says `ready <url>` once requests are answered."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say(f"ready {self._url}")


def serve(settings: Settings, source: Source) -> None:
    """Serve until told to stop."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, settings.port))
    except OSError as error:
        raise SettingError(
            f"port {settings.port} of {_HOST} cannot be used ({error.strerror}); "
            f"stop what listens there or choose another {source.variables}_PORT and {source.variables}_URL"
        ) from error
    app = build(settings, source).http_app(path=settings.path)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    _Announcing(config, settings.url).run(sockets=[listener])


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", choices=SOURCES, default="incidents", help="what to serve or list")
    parser.add_argument("--list", metavar="SUB", help="print the rows of this person as JSON and exit")
    arguments = parser.parse_args()
    source = SOURCES[arguments.source]
    if arguments.list:
        say(json.dumps(source.rows_of(arguments.list)))
        return 0
    try:
        serve(read_settings(os.environ, source.variables), source)
    except SettingError as error:
        sys.stderr.write(f"mcp server: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
