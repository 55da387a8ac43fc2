"""One tool call of a job, with its failures as answers.

The toolkit turns an exception of a tool into free text and calls the job a success. So a failure is the tool's answer
here: a JSON object with `error`, which a model, a program and a person's page can tell from a result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mcp import McpError
from mcp.types import CallToolResult, TextContent

from aiq_connect.errors import AiqConnectError
from aiq_connect.nat.mcp_session import McpSession, SessionEnded

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

OpenSession = Callable[[], Awaitable[McpSession]]


async def call_tool(open_session: OpenSession, name: str, arguments: dict[str, object]) -> str:
    """Call the tool and return its text, or a JSON object with `error`."""
    return await _answer(name, open_session, lambda session: session.call_tool(name, arguments), _text)


async def list_tools(open_session: OpenSession) -> str:
    """Return the tools as a JSON array of name, description and input schema, or a JSON object with `error`."""
    return await _answer(
        "list_tools",
        open_session,
        lambda session: session.list_tools(),
        lambda tools: json.dumps(
            [{"name": t.name, "description": t.description or "", "input_schema": t.inputSchema} for t in tools]
        ),
    )


async def _answer(
    name: str,
    open_session: OpenSession,
    request: Callable[[McpSession], Awaitable[_T]],
    render: Callable[[_T], str],
) -> str:
    try:
        return render(await _made(open_session, request))
    except AiqConnectError as failure:
        # Waiting for a person belongs here: a call that its own request's refusal ended may be made anew.
        _log.info("tool %s was not called: %s", name, failure.code)
        return json.dumps(failure.as_result())
    except McpError as error:
        _log.info("tool %s failed with JSON-RPC code %s", name, error.error.code)
        return json.dumps({"error": "tool_failed", "message": error.error.message, "retryable": False})


async def _made(open_session: OpenSession, request: Callable[[McpSession], Awaitable[_T]]) -> _T:
    try:
        return await request(await open_session())
    except SessionEnded:
        # A server that was restarted: the call was refused unread, so making it again cannot do anything twice.
        return await request(await open_session())


def _text(result: CallToolResult) -> str:
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.isError:
        return json.dumps({"error": "tool_failed", "message": text, "retryable": False})
    return text
