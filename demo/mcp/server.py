"""The demo's protected MCP server. Every row belongs to somebody, and only the owner's token shows it.

`server.py` serves; `server.py --list alice` prints the rows of alice by the same function and exits.
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

from incidents import Incident, rows_of
from protection import protection
from settings import SettingError, Settings, read_settings

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


def build(settings: Settings) -> FastMCP[Any]:
    """Build the server with its two tools."""
    mcp: FastMCP[Any] = FastMCP("Team Incidents", auth=protection(settings))

    @mcp.tool
    def whoami() -> dict[str, str]:
        """Say whose account this request acts for, and which access token it carried (first 8 hex of SHA-256)."""
        sub, token = caller("whoami")
        return {"sub": sub, "token_sha256_prefix": fingerprint(token.token)}

    @mcp.tool
    def my_rows() -> list[Incident]:
        """List the incidents that belong to the person this request acts for."""
        sub, _ = caller("my_rows")
        return rows_of(sub)

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


def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, settings.port))
    except OSError as error:
        raise SettingError(
            f"port {settings.port} of {_HOST} cannot be used ({error.strerror}); "
            "stop what listens there or choose another DEMO_MCP_PORT and DEMO_MCP_URL"
        ) from error
    app = build(settings).http_app(path=settings.path)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    _Announcing(config, settings.url).run(sockets=[listener])


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", metavar="SUB", help="print the rows of this person as JSON and exit")
    arguments = parser.parse_args()
    if arguments.list:
        say(json.dumps(rows_of(arguments.list)))
        return 0
    try:
        serve(read_settings(os.environ))
    except SettingError as error:
        sys.stderr.write(f"mcp server: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
