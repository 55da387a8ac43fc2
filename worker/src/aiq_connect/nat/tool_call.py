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

from aiq_connect.errors import AiqConnectError, ReconnectRequired, ServerUnreachable
from aiq_connect.nat.job_sessions import JobSessions
from aiq_connect.nat.mcp_session import McpSession, SessionEnded

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def call_tool(sessions: JobSessions, name: str, arguments: dict[str, object]) -> str:
    """Call the tool and return its text, or a JSON object with `error`."""
    return await _answer(name, sessions, lambda session: session.call_tool(name, arguments), _text)


async def list_tools(sessions: JobSessions) -> str:
    """Return the tools as a JSON array of name, description and input schema, or a JSON object with `error`."""
    return await _answer(
        "list_tools",
        sessions,
        lambda session: session.list_tools(),
        lambda tools: json.dumps(
            [{"name": t.name, "description": t.description or "", "input_schema": t.inputSchema} for t in tools]
        ),
    )


async def _answer(
    name: str,
    sessions: JobSessions,
    request: Callable[[McpSession], Awaitable[_T]],
    render: Callable[[_T], str],
) -> str:
    try:
        return render(await _made(sessions, request))
    except AiqConnectError as failure:
        _log.info("tool %s was not called: %s", name, failure.code)
        return json.dumps(failure.as_result())
    except McpError as error:
        _log.info("tool %s failed with JSON-RPC code %s", name, error.error.code)
        return json.dumps({"error": "tool_failed", "message": error.error.message, "retryable": False})


async def _made(sessions: JobSessions, request: Callable[[McpSession], Awaitable[_T]]) -> _T:
    """Make the request, and make it anew as long as the one before certainly was not carried out."""
    was_restarted = False
    while True:
        session: McpSession | None = None
        try:
            session = await sessions.open()
            return await request(session)
        except SessionEnded:
            # A server that was restarted: it refused the call unread.
            if was_restarted:
                raise ServerUnreachable("the MCP server does not keep its sessions") from None
            was_restarted = True
        except ReconnectRequired as refusal:
            # Said of this very request only: the server answered it with 401 or 403, or it was never sent.
            if session is not None:
                sessions.retire(session)
            await sessions.person_has_helped(refusal)


def _text(result: CallToolResult) -> str:
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.isError:
        return json.dumps({"error": "tool_failed", "message": text, "retryable": False})
    return text
