"""The answer to a question, in plain sentences."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Tool = Callable[[], Awaitable[str]]

_WAIT = re.compile(r"\bwait\s+(\d{1,4})\s*s(?:ec(?:ond)?s?)?\b", re.IGNORECASE)
_LONGEST_WAIT = 120


class ToolFailed(Exception):
    """A tool answered with a failure; the message is a sentence for the person who asked."""


async def answer(text: str, sources: list[str] | None, source_id: str, tools: Mapping[str, Tool]) -> str:
    """Ask the source who the job acts for and for that person's rows, and say so."""
    if sources is not None and source_id not in sources:
        return "Team Incidents was not among the chosen sources, so this answer does without it."
    try:
        return await _from_the_source(seconds_to_wait(text), tools)
    except ToolFailed as failure:
        return str(failure)


def seconds_to_wait(text: str) -> int:
    """Return N of "wait N seconds" in the question, at most 120, else 0."""
    found = _WAIT.search(text)
    return min(int(found[1]), _LONGEST_WAIT) if found else 0


async def _from_the_source(seconds: int, tools: Mapping[str, Tool]) -> str:
    first = await _ask(tools["whoami"])
    if seconds:
        await asyncio.sleep(seconds)
    second = await _ask(tools["whoami"])
    rows = await _ask(tools["my_rows"])
    lines = [f"At Team Incidents you are {second['sub']}. These are your incidents:"]
    lines += [f"{row['id']} · {row['title']} · {row['state']}" for row in rows]
    if first["token_sha256_prefix"] == second["token_sha256_prefix"]:
        lines.append("The access token was not renewed while this job ran.")
    else:
        lines.append("The access token was renewed while this job ran.")
    return "\n".join(lines)


async def _ask(tool: Tool) -> Any:
    text = await tool()
    try:
        result = json.loads(text)
    except ValueError:
        raise ToolFailed("Team Incidents gave an answer that this workflow cannot read.") from None
    if isinstance(result, dict) and "error" in result:
        raise ToolFailed(_in_words(result))
    return result


def _in_words(failure: dict[str, Any]) -> str:
    if failure["error"] == "mcp_auth_required":
        return (
            f"Team Incidents could not be asked: your account is not connected ({failure['reason']}). "
            f"Connect it at {failure['connect_url']} and ask again."
        )
    if failure.get("retryable"):
        return f"Team Incidents cannot be reached right now ({failure['error']}). Ask again in a while."
    return f"Team Incidents could not be asked ({failure['error']})."
