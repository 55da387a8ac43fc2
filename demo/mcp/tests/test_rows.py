import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent


def all_rows(source: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads((FOLDER / f"{source}.json").read_text(encoding="utf-8"))
    return rows


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, str(FOLDER / "server.py"), *arguments],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "chosen", "person"),
    [
        ("incidents", (), "alice"),
        ("incidents", (), "bob"),
        ("incidents", ("--source", "incidents"), "carol"),
        ("tickets", ("--source", "tickets"), "alice"),
    ],
)
def test_a_person_sees_exactly_the_rows_that_belong_to_that_person(
    source: str, chosen: tuple[str, ...], person: str
) -> None:
    rows = json.loads(run(*chosen, "--list", person).stdout)
    assert rows == [row for row in all_rows(source) if row["owner"] == person]
    assert len(rows) >= 2


def test_no_row_is_in_both_sources() -> None:
    incidents, tickets = ({row["id"] for row in all_rows(source)} for source in ("incidents", "tickets"))
    assert not incidents & tickets


def test_a_stranger_sees_nothing() -> None:
    assert json.loads(run("--list", "mallory").stdout) == []


def test_a_missing_variable_is_named() -> None:
    answer = run("--source", "tickets", DEMO_TICKETS_URL="")
    assert answer.returncode == 1
    assert "DEMO_TICKETS_URL" in answer.stderr


def test_a_port_in_use_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = run(
            DEMO_MCP_PORT=port,
            DEMO_MCP_URL=f"http://127.0.0.1:{port}/mcp",
            PROVIDER_ISSUER="http://127.0.0.1:9",
            DEMO_INTROSPECTION_CLIENT_ID="introspection",
            DEMO_INTROSPECTION_CLIENT_SECRET="an-introspection-secret-of-the-test",
        )
    assert answer.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in answer.stderr
