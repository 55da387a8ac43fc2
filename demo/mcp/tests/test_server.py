"""The server as a process of its own, and a provider that knows a few tokens."""

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.auth import BearerAuth

from tests.introspection_double import introspection_double

FOLDER = Path(__file__).parent.parent
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Running:
    def __init__(self, url: str, issuer: str, tokens: dict[str, dict[str, Any]], process: Any) -> None:
        self.url, self.issuer, self.tokens, self.process = url, issuer, tokens, process

    def knows(self, token: str, **claims: Any) -> None:
        self.tokens[token] = {"sub": "alice", "aud": self.url, "scope": "incidents:read", "client_id": "c"} | claims

    def initialize(self, token: str | None = None) -> httpx2.Response:
        headers = {"Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return httpx2.post(self.url, json=INITIALIZE, headers=headers)

    @asynccontextmanager
    async def client(self, token: str) -> AsyncIterator[Client[Any]]:
        async with Client(self.url, auth=BearerAuth(token)) as client:
            yield client


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    tokens: dict[str, dict[str, Any]] = {}
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    with introspection_double(tokens) as issuer:
        env = os.environ | {
            "DEMO_MCP_PORT": str(port),
            "DEMO_MCP_URL": url,
            "PROVIDER_ISSUER": issuer,
            "DEMO_INTROSPECTION_CLIENT_ID": "introspection",
            "DEMO_INTROSPECTION_CLIENT_SECRET": "an-introspection-secret-of-the-test",
        }
        with subprocess.Popen(  # noqa: S603
            [sys.executable, str(FOLDER / "server.py")], env=env, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == f"ready {url}"
            yield Running(url, issuer, tokens, process)
            process.terminate()


def test_a_request_without_a_token_learns_where_to_get_one(server: Running) -> None:
    refused = server.initialize()
    metadata = server.url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == f'Bearer scope="incidents:read", resource_metadata="{metadata}"'
    assert httpx2.get(metadata).json() == {
        "resource": server.url,
        # No slash at the end: an issuer is compared as a string.
        "authorization_servers": [server.issuer],
        "scopes_supported": ["incidents:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Team Incidents",
    }


@pytest.mark.parametrize(
    ("claims", "status", "error"),
    [
        ({}, 200, None),
        ({"aud": "http://127.0.0.1:9/mcp"}, 401, "invalid_token"),
        ({"aud": None}, 401, "invalid_token"),
        ({"scope": "other"}, 403, "insufficient_scope"),
        ({"exp": 1}, 401, "invalid_token"),
    ],
)
def test_only_a_token_for_this_resource_and_scope_is_accepted(
    server: Running, claims: dict[str, Any], status: int, error: str | None
) -> None:
    server.knows("some-token", **claims)
    answer = server.initialize("some-token")
    assert answer.status_code == status
    if error:
        assert f'error="{error}"' in answer.headers["www-authenticate"]


def test_a_revoked_token_is_refused_at_the_next_request(server: Running) -> None:
    server.knows("soon-revoked")
    assert server.initialize("soon-revoked").status_code == 200
    del server.tokens["soon-revoked"]
    assert server.initialize("soon-revoked").status_code == 401


async def test_a_tool_answers_for_the_token_of_its_own_request(server: Running) -> None:
    for token, sub in (("of-alice", "alice"), ("of-bob", "bob")):
        server.knows(token, sub=sub)
        async with server.client(token) as client:
            answer = (await client.call_tool("whoami")).structured_content
            rows = (await client.call_tool("my_rows")).structured_content
        assert answer == {"sub": sub, "token_sha256_prefix": hashlib.sha256(token.encode()).hexdigest()[:8]}
        assert rows is not None
        assert {row["owner"] for row in rows["result"]} == {sub}


def test_a_session_that_goes_on_with_a_renewed_token_is_answered_for_the_renewed_one(server: Running) -> None:
    server.knows("before")
    server.knows("after")
    session = {"Mcp-Session-Id": server.initialize("before").headers["mcp-session-id"]}
    headers = session | {"Accept": "application/json, text/event-stream", "Authorization": "Bearer after"}
    httpx2.post(server.url, json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers)
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}
    answer = httpx2.post(server.url, json=call, headers=headers)
    assert hashlib.sha256(b"after").hexdigest()[:8] in answer.text
