"""A tool call that waits for the job's owner, on the real toolkit, against a real MCP server."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.broker_double import KEY, BrokerDouble, reconnect, token
from tests.conftest import until
from tests.mcp_double import McpDouble, mcp_double
from tests.nat_group import built, of_job

# The MCP SDK's server and the toolkit warn about themselves.
pytestmark = [
    pytest.mark.usefixtures("mcp_garbage"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def server(broker: BrokerDouble) -> Iterator[McpDouble]:
    with mcp_double() as double:
        double.people = {"t1": "alice"}
        broker.will(token("t1", server_url=double.url))
        yield double


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, broker: BrokerDouble) -> None:
    monkeypatch.setenv("AIQ_CONNECT_WORKER_URL", broker.url)
    monkeypatch.setenv("AIQ_CONNECT_WORKER_KEY", KEY)
    of_job("job-1")


def dies(server: McpDouble, broker: BrokerDouble, reason: str = "revoked") -> None:
    """Let the grant die: no token is taken any more, and the broker waits for the person."""
    server.people = {}
    broker.will(reconnect(reason, waits=60))


def comes_back(server: McpDouble, broker: BrokerDouble) -> None:
    server.people = {"t2": "alice"}
    broker.will(token("t2", server_url=server.url))


async def test_a_call_waits_and_is_made_anew_on_a_fresh_session(broker: BrokerDouble, server: McpDouble) -> None:
    async with built(server.url) as group:
        await group.call("whoami")
        dies(server, broker)
        call = asyncio.create_task(group.call("whoami"))
        await until(lambda: broker.held == 1)
        assert server.calls == ["whoami"]
        comes_back(server, broker)
        assert await call == "alice"
    assert server.calls == ["whoami", "whoami"]
    assert server.sessions[0] != server.sessions[1]
    assert server.seen[-1] == "t2"


async def test_the_first_session_of_a_job_waits_too(broker: BrokerDouble, server: McpDouble) -> None:
    dies(server, broker)
    async with built(server.url) as group:
        call = asyncio.create_task(group.call("whoami"))
        await until(lambda: broker.held == 1)
        assert server.seen == []
        comes_back(server, broker)
        assert await call == "alice"


async def test_a_loss_after_a_restoration_is_waited_for_again(broker: BrokerDouble, server: McpDouble) -> None:
    async with built(server.url) as group:
        for _ in range(2):
            dies(server, broker)
            call = asyncio.create_task(group.call("whoami"))
            await until(lambda: broker.held == 1)
            comes_back(server, broker)
            assert await call == "alice"


async def test_when_the_wait_is_over_the_job_is_told_to_go_on_without(broker: BrokerDouble, server: McpDouble) -> None:
    async with built(server.url) as group:
        dies(server, broker)
        call = asyncio.create_task(group.failure("whoami"))
        await until(lambda: broker.held == 1)
        broker.will(reconnect("skipped"))
        assert await call == {
            "error": "mcp_auth_required",
            "message": "Team Incidents is not connected. The job goes on without this source.",
            "retryable": False,
            "source_id": "incidents",
            "mcp_server_id": "incidents",
            "reason": "skipped",
            "connect_url": "http://localhost:9/v1/auth/mcp/incidents/connect",
        }
    assert server.calls == []


@pytest.mark.parametrize(
    "switched_off",
    [
        {"of_provider": {"wait_for_person": False}},
        {"of_group": {"wait_for_person": False}},
        {"of_provider": {"wait_for_person": True}, "of_group": {"wait_for_person": False}},
    ],
)
async def test_waiting_can_be_switched_off(
    broker: BrokerDouble, server: McpDouble, switched_off: dict[str, Any]
) -> None:
    dies(server, broker)
    async with built(server.url, **switched_off) as group, asyncio.timeout(20):
        assert (await group.failure("whoami"))["error"] == "mcp_auth_required"
    assert broker.polls == []


async def test_a_group_may_wait_although_its_provider_does_not(broker: BrokerDouble, server: McpDouble) -> None:
    dies(server, broker)
    of_both = {"of_provider": {"wait_for_person": False}, "of_group": {"wait_for_person": True}}
    async with built(server.url, **of_both) as group:
        call = asyncio.create_task(group.call("whoami"))
        await until(lambda: broker.held == 1)
        comes_back(server, broker)
        assert await call == "alice"


async def test_calls_of_one_job_wait_together(broker: BrokerDouble, server: McpDouble) -> None:
    async with built(server.url) as group:
        dies(server, broker)
        calls = [asyncio.create_task(group.call("whoami")) for _ in range(3)]
        await until(lambda: broker.held == 1)
        comes_back(server, broker)
        assert await asyncio.gather(*calls) == ["alice"] * 3
    assert len(broker.polls) == 1


async def test_a_call_that_is_being_carried_out_is_neither_ended_nor_repeated(
    broker: BrokerDouble, server: McpDouble
) -> None:
    async with built(server.url) as group, asyncio.timeout(40):
        running = asyncio.create_task(group.call("slow"))
        await until(lambda: server.calls == ["slow"])
        dies(server, broker)
        refused = asyncio.create_task(group.call("whoami"))
        await until(lambda: broker.held == 1)
        server.release.set()
        assert await running == "done"
        comes_back(server, broker)
        assert await refused == "alice"
    assert server.calls == ["slow", "whoami"]


async def test_a_call_that_was_sent_and_not_answered_is_not_repeated(server: McpDouble) -> None:
    async with built(server.url, of_group={"tool_call_timeout": 1}) as group:
        assert (await group.failure("slow"))["error"] == "server_unreachable"
        server.release.set()
    assert server.calls == ["slow"]


async def test_a_call_whose_connection_breaks_while_it_is_carried_out_is_not_repeated(broker: BrokerDouble) -> None:
    double = McpDouble(people={"t1": "alice"})
    with mcp_double(double=double):
        broker.will(token("t1", server_url=double.url))
        building = built(double.url)
        group = await building.__aenter__()
        running = asyncio.create_task(group.failure("slow"))
        await until(lambda: double.calls == ["slow"])
        dies(double, broker)
    port = urlsplit(double.url).port
    assert port
    with mcp_double(port, double):
        comes_back(double, broker)
        assert (await running)["error"] == "server_unreachable"
        await building.__aexit__(None, None, None)
    double.release.set()
    assert double.calls == ["slow"]


async def test_a_job_that_is_cancelled_waits_no_more(broker: BrokerDouble, server: McpDouble) -> None:
    dies(server, broker)
    async with built(server.url) as group:
        call = asyncio.create_task(group.call("whoami"))
        await until(lambda: broker.held == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        comes_back(server, broker)
        assert await group.call("whoami") == "alice"
