"""The README's Python blocks, run as they stand."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.broker_double import KEY, Answer, BrokerDouble, reconnect, token
from tests.protected_double import protected_double

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def block_with(name: str) -> dict[str, Any]:
    """Run the block that defines `name`, and return what it defines."""
    blocks = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if f"def {name}(" in block]
    assert len(blocks) == 1
    names: dict[str, Any] = {}
    exec(compile(blocks[0], f"README.md: {name}", "exec"), names)  # noqa: S102
    return names


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, broker: BrokerDouble) -> None:
    monkeypatch.setenv("AIQ_CONNECT_WORKER_URL", broker.url)
    monkeypatch.setenv("AIQ_CONNECT_WORKER_KEY", KEY)


@pytest.fixture
def url(broker: BrokerDouble) -> Iterator[str]:
    with protected_double({"t1": "rows of alice"}) as url:
        broker.will(token("t1", server_url=url))
        yield url


def test_the_task_in_threads(broker: BrokerDouble, url: str) -> None:
    names = block_with("read")
    assert names["read"](url, "job-1") == "rows of alice"
    broker.will(reconnect("revoked"))
    answer = names["read"](url, "job-2")
    assert answer == "Continuing without incidents (revoked): http://localhost:9/v1/auth/mcp/incidents/connect"
    names["store"]().close()


async def test_the_task_on_an_event_loop(url: str) -> None:
    assert await block_with("read_all")["read_all"]([url, url], "job-1") == ["rows of alice"] * 2


def test_registering_a_job(broker: BrokerDouble) -> None:
    broker.will(
        Answer(
            201,
            {
                "job_id": "job-9",
                "user_sub": "alice",
                "mcp_server_ids": ["incidents"],
                "expires_at": "2030-01-01T00:00:00Z",
            },
        )
    )
    assert block_with("register")["register"]("alices-own-token").job_id == "job-9"
    assert broker.asked == [
        {
            "path": "/v1/worker/jobs",
            "subject_token": "alices-own-token",
            "data_sources": ["incidents"],
            "expiry_seconds": 3600,
        }
    ]
