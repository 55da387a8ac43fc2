import json
from typing import Any

import pytest

from aiq_connect_demo.answer import Tool, answer, seconds_to_wait

ROWS = [{"id": "INC-1001", "title": "VPN drops", "state": "new", "owner": "alice"}]


def saying(*results: Any) -> Tool:
    left = list(results)

    async def tool() -> str:
        return json.dumps(left.pop(0) if len(left) > 1 else left[0])

    return tool


def me(prefix: str) -> dict[str, str]:
    return {"sub": "alice", "token_sha256_prefix": prefix}


async def test_the_answer_names_the_person_the_rows_and_that_the_token_stayed() -> None:
    text = await answer("hello", None, "incidents", {"whoami": saying(me("aa")), "my_rows": saying(ROWS)})
    assert text.splitlines() == [
        "At Team Incidents you are alice. These are your incidents:",
        "INC-1001 · VPN drops · new",
        "The access token was not renewed while this job ran.",
    ]


async def test_a_renewed_token_is_said() -> None:
    text = await answer("hello", None, "incidents", {"whoami": saying(me("aa"), me("bb")), "my_rows": saying(ROWS)})
    assert text.endswith("The access token was renewed while this job ran.")


@pytest.mark.parametrize("sources", [[], ["handbook"]])
async def test_a_source_that_was_not_chosen_is_not_asked(sources: list[str]) -> None:
    text = await answer("hello", sources, "incidents", {})
    assert text == "Team Incidents was not among the chosen sources, so this answer does without it."


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            {"error": "mcp_auth_required", "reason": "revoked", "connect_url": "http://localhost:9/connect"},
            "your account is not connected (revoked). Connect it at http://localhost:9/connect",
        ),
        ({"error": "idp_unreachable", "retryable": True}, "cannot be reached right now (idp_unreachable)"),
        ({"error": "job_unknown", "retryable": False}, "could not be asked (job_unknown)"),
    ],
)
async def test_a_failure_is_said_in_words(failure: dict[str, Any], words: str) -> None:
    assert words in await answer("hello", ["incidents"], "incidents", {"whoami": saying(failure)})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("please wait 20 seconds", 20), ("Wait 3s", 3), ("wait 1 second", 1), ("wait 9999 seconds", 120), ("hello", 0)],
)
def test_how_long_to_wait_is_read_from_the_question(text: str, seconds: int) -> None:
    assert seconds_to_wait(text) == seconds
