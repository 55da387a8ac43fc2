"""Puts the owner's token on every request to the MCP server, and turns refusals into typed failures.

A failure travels back through the MCP client as the JSON-RPC error of the very request that met it. So nothing waits
for a time-out, other calls of the session go on, and whoever made the call knows that it was not carried out.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from aiq_connect.access_token import AccessToken
from aiq_connect.errors import AiqConnectError, ServerRefused, ServerUnreachable
from aiq_connect.nat.account import Account

# In the range that JSON-RPC leaves to implementations.
FAILURE = -32090

_INSUFFICIENT_SCOPE = re.compile(r'\berror="?insufficient_scope\b', re.IGNORECASE)


class AccountTransport(httpx.AsyncBaseTransport):
    """An httpx transport for one job at one server."""

    def __init__(self, account: Account, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._account = account
        self._inner = inner or httpx.AsyncHTTPTransport()
        self._failures: dict[str, AiqConnectError] = {}
        self._untold: AiqConnectError | None = None

    @property
    def is_broken(self) -> bool:
        """Say whether the server missed a notification, so that the session is not what the client takes it for."""
        return self._untold is not None

    def failure(self, data: object) -> AiqConnectError | None:
        """Return the failure that a JSON-RPC error with this `data` stands for."""
        return self._failures.pop(str(data), None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with a token, once more with a renewed one if it is refused, or answer with the failure."""
        await request.aread()
        if self._untold is not None and _wants_an_answer(request):
            return self._answer(request, self._untold)
        try:
            return await self._send(request)
        except AiqConnectError as failure:
            return self._answer(request, failure)
        except httpx.TransportError as error:
            unreachable = ServerUnreachable(f"the MCP server at {request.url} does not answer ({type(error).__name__})")
            return self._answer(request, unreachable)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        token = await self._account.token(url)
        response = await self._with(token, request)
        if not _refuses_the_token(response):
            return _checked(response)
        challenge = await _challenge(response)
        token = await self._account.renewed(url, token, challenge)
        response = await self._with(token, request)
        if not _refuses_the_token(response):
            return _checked(response)
        # The broker has to hear of it: it decides whether the grant or the server is to blame.
        await self._account.renewed(url, token, await _challenge(response))
        raise ServerRefused(f"the MCP server at {url} refuses a token that was just issued for it")

    async def _with(self, token: AccessToken, request: httpx.Request) -> httpx.Response:
        request.headers["Authorization"] = f"Bearer {token.value}"
        return await self._inner.handle_async_request(request)

    def _answer(self, request: httpx.Request, failure: AiqConnectError) -> httpx.Response:
        if not request.content:
            return httpx.Response(httpx.codes.UNAUTHORIZED, request=request)
        if not _wants_an_answer(request):
            # An error status would end the session with nothing to tell why; so the next request tells it.
            self._untold = failure
            return httpx.Response(httpx.codes.ACCEPTED, request=request)
        reference = str(id(failure))
        self._failures[reference] = failure
        error = {"code": FAILURE, "message": failure.code, "data": reference}
        message = {"jsonrpc": "2.0", "id": _json_object(request.content)["id"], "error": error}
        return httpx.Response(httpx.codes.OK, json=message, request=request)


def _wants_an_answer(request: httpx.Request) -> bool:
    """Tell a JSON-RPC request from a notification and from our own answers to the server."""
    message = _json_object(request.content)
    return "id" in message and "method" in message


def _refuses_the_token(response: httpx.Response) -> bool:
    """401, or a 403 that asks for more scopes (RFC 6750 §3.1); any other 403 is about the call and not the token."""
    if response.status_code == httpx.codes.FORBIDDEN:
        return bool(_INSUFFICIENT_SCOPE.search(response.headers.get("WWW-Authenticate", "")))
    return response.status_code == httpx.codes.UNAUTHORIZED


def _checked(response: httpx.Response) -> httpx.Response:
    """Let through what the MCP client understands; anything else would end the whole session there."""
    if response.is_success or response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
        return response
    raise ServerUnreachable(f"the MCP server answered {response.status_code}")


async def _challenge(response: httpx.Response) -> str | None:
    await response.aclose()
    challenge: str | None = response.headers.get("WWW-Authenticate")
    return challenge


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        message = json.loads(content)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
