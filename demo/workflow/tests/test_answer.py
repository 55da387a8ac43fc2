import asyncio
import json
from typing import Any

import pytest

from aiq_connect_demo.answer import Source, Tool, answer, seconds_to_wait

ROWS = [{"id": "INC-1001", "title": "VPN drops", "state": "new", "owner": "alice"}]


def saying(*results: Any) -> Tool:
    left = list(results)

    async def tool() -> str:
        return json.dumps(left.pop(0) if len(left) > 1 else left[0])

    return tool


def me(prefix: str) -> dict[str, str]:
    return {"sub": "alice", "token_sha256_prefix": prefix}


def incidents(whoami: Tool, my_rows: Tool) -> Source:
    return Source("incidents", "Team Incidents", "incidents", whoami, my_rows)


def tickets(whoami: Tool, my_rows: Tool) -> Source:
    return Source("tickets", "Service Desk", "tickets", whoami, my_rows)


REVOKED = {"error": "mcp_auth_required", "reason": "revoked", "connect_url": "http://localhost:9/connect"}


async def test_the_answer_names_the_person_the_rows_and_that_the_token_stayed() -> None:
    text = await answer("hello", None, [incidents(saying(me("aa")), saying(ROWS))])
    assert text.splitlines() == [
        "At Team Incidents you are alice. These are your incidents:",
        "INC-1001 · VPN drops · new",
        "The access token was not renewed while this job ran.",
    ]


async def test_a_renewed_token_is_said() -> None:
    text = await answer("hello", None, [incidents(saying(me("aa"), me("bb")), saying(ROWS))])
    assert text.endswith("The access token was renewed while this job ran.")


async def test_what_came_and_what_had_to_be_done_without_are_both_said() -> None:
    sources = [incidents(saying(me("aa")), saying(ROWS)), tickets(saying(me("aa")), saying(REVOKED))]
    came, missed = (await answer("hello", ["incidents", "tickets"], sources)).split("\n\n")
    assert came.startswith("At Team Incidents you are alice.")
    assert missed == (
        "Continuing without Service Desk. Your account is not connected (revoked). "
        "Connect it at http://localhost:9/connect and ask again."
    )


async def test_a_source_that_waits_for_its_person_holds_up_no_other() -> None:
    came = asyncio.Event()

    async def once_the_other_is_done() -> str:
        await asyncio.wait_for(came.wait(), 5)
        return json.dumps(me("aa"))

    async def rows() -> str:
        came.set()
        return json.dumps(ROWS)

    sources = [tickets(once_the_other_is_done, saying([])), incidents(saying(me("aa")), rows)]
    assert "At Service Desk you are alice" in await answer("hello", None, sources)


async def test_only_chosen_sources_are_asked() -> None:
    unasked = saying()
    sources = [incidents(saying(me("aa")), saying(ROWS)), tickets(unasked, unasked)]
    assert "Service Desk" not in await answer("hello", ["incidents", "handbook"], sources)


@pytest.mark.parametrize("chosen", [[], ["handbook"]])
async def test_that_no_source_was_chosen_is_said(chosen: list[str]) -> None:
    unasked = saying()
    text = await answer("hello", chosen, [incidents(unasked, unasked), tickets(unasked, unasked)])
    assert text == "Team Incidents and Service Desk were not chosen, so this answer has no rows of yours."


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (REVOKED, "Your account is not connected (revoked). Connect it at http://localhost:9/connect"),
        (REVOKED | {"reason": "skipped"}, "You chose to go on without it."),
        ({"error": "idp_unreachable", "retryable": True}, "It cannot be reached right now (idp_unreachable)"),
        ({"error": "job_unknown", "retryable": False}, "It could not be asked (job_unknown)"),
    ],
)
async def test_a_failure_is_said_in_words(failure: dict[str, Any], words: str) -> None:
    text = await answer("hello", ["incidents"], [incidents(saying(failure), saying(ROWS))])
    assert text.startswith("Continuing without Team Incidents. ")
    assert words in text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("please wait 20 seconds", 20), ("Wait 3s", 3), ("wait 1 second", 1), ("wait 9999 seconds", 120), ("hello", 0)],
)
def test_how_long_to_wait_is_read_from_the_question(text: str, seconds: int) -> None:
    assert seconds_to_wait(text) == seconds
