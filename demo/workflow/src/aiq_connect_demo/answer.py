"""The answer to a question, in plain sentences: what each source gave, and what it had to do without."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

Tool = Callable[[], Awaitable[str]]

_WAIT = re.compile(r"\bwait\s+(\d{1,4})\s*s(?:ec(?:ond)?s?)?\b", re.IGNORECASE)
_LONGEST_WAIT = 120


@dataclass(frozen=True)
class Source:
    """A source whose rows belong to people: its id, its name, what its rows are called, and its two tools."""

    id: str
    name: str
    rows: str
    whoami: Tool
    my_rows: Tool


class ToolFailed(Exception):
    """A tool answered with a failure; the message says why, in a sentence for the person who asked."""


async def answer(text: str, chosen: list[str] | None, sources: Sequence[Source]) -> str:
    """Ask every chosen source who the job acts for and for that person's rows, all at once, and say so."""
    asked = [source for source in sources if chosen is None or source.id in chosen]
    if not asked:
        left_out = " and ".join(source.name for source in sources)
        return f"{left_out} {'was' if len(sources) == 1 else 'were'} not chosen, so this answer has no rows of yours."
    seconds = seconds_to_wait(text)
    return "\n\n".join(await asyncio.gather(*(_part(source, seconds) for source in asked)))


def seconds_to_wait(text: str) -> int:
    """Return N of "wait N seconds" in the question, at most 120, else 0."""
    found = _WAIT.search(text)
    return min(int(found[1]), _LONGEST_WAIT) if found else 0


async def _part(source: Source, seconds: int) -> str:
    try:
        return await _from_the_source(source, seconds)
    except ToolFailed as failure:
        return f"Continuing without {source.name}. {failure}"


async def _from_the_source(source: Source, seconds: int) -> str:
    first = await _ask(source.whoami)
    if seconds:
        await asyncio.sleep(seconds)
    second = await _ask(source.whoami)
    rows = await _ask(source.my_rows)
    lines = [f"At {source.name} you are {second['sub']}. These are your {source.rows}:"]
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
        raise ToolFailed("It gave an answer that this workflow cannot read.") from None
    if isinstance(result, dict) and "error" in result:
        raise ToolFailed(_in_words(result))
    return result


def _in_words(failure: dict[str, Any]) -> str:
    if failure["error"] == "mcp_auth_required":
        again = f"Connect it at {failure['connect_url']} and ask again."
        if failure["reason"] == "skipped":
            return f"You chose to go on without it. {again}"
        return f"Your account is not connected ({failure['reason']}). {again}"
    if failure.get("retryable"):
        return f"It cannot be reached right now ({failure['error']}). Ask again in a while."
    return f"It could not be asked ({failure['error']})."
