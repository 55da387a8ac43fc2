"""What is sent to an MCP server, how often, and with which token."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from aiq_connect import AiqConnectError, Broker, ConfigurationMismatch, JobUnknown, MCPTokenStore, ServerUnreachable
from aiq_connect.nat.account import Account
from aiq_connect.nat.transport import AccountTransport
from tests.broker_double import KEY, BrokerDouble, fault, token
from tests.mcp_double import CHALLENGE, SCOPE_CHALLENGE

URL = "http://127.0.0.1:9/mcp"
Answering = Callable[[httpx.Request], httpx.Response]


class Wire:
    """A transport whose server is a function; `sent` holds the bearer of every request that reached it."""

    def __init__(self, store: MCPTokenStore) -> None:
        self.sent: list[str] = []
        self.answer: Answering = lambda _: httpx.Response(200, json={"jsonrpc": "2.0", "id": 7, "result": {}})
        account = Account(store, "incidents", "job-1", timedelta(seconds=30))
        self.transport = AccountTransport(account, httpx.MockTransport(self._served))

    def _served(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.headers["Authorization"].removeprefix("Bearer "))
        return self.answer(request)

    async def call(self) -> AiqConnectError | None:
        """Send one tool call; return the failure that it is answered with."""
        answer = await self.send(7)
        return self.transport.failure(answer["error"]["data"]) if "error" in answer else None

    async def send(self, number: int) -> dict[str, Any]:
        """Send a tool call with this id; return the JSON-RPC answer."""
        message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "pay"}}
        response = await self.transport.handle_async_request(httpx.Request("POST", URL, json=message))
        answer: dict[str, Any] = json.loads(await response.aread())
        assert answer["id"] == number
        return answer


@pytest.fixture
async def wire(broker: BrokerDouble) -> AsyncIterator[Wire]:
    async with MCPTokenStore(Broker(broker.url, KEY)) as store:
        yield Wire(store)


@pytest.mark.parametrize("status", [400, 403, 408, 409, 429, 500, 502, 503, 504])
async def test_a_call_that_was_refused_for_another_reason_than_its_token_is_not_sent_again(
    broker: BrokerDouble, wire: Wire, status: int
) -> None:
    broker.will(token("t1", server_url=URL), token("t2", server_url=URL))
    wire.answer = lambda _: httpx.Response(status)
    assert isinstance(await wire.call(), ServerUnreachable)
    assert wire.sent == ["t1"]
    assert len(broker.asked) == 1


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError])
async def test_a_call_whose_answer_was_lost_is_not_sent_again(
    broker: BrokerDouble, wire: Wire, error: type[httpx.TransportError]
) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise error("gone", request=request)

    broker.will(token("t1", server_url=URL), token("t2", server_url=URL))
    wire.answer = lost
    assert isinstance(await wire.call(), ServerUnreachable)
    assert wire.sent == ["t1"]


@pytest.mark.parametrize(("status", "challenge"), [(401, CHALLENGE), (403, SCOPE_CHALLENGE)])
async def test_a_call_whose_token_was_refused_is_sent_once_more_with_a_renewed_one(
    broker: BrokerDouble, wire: Wire, status: int, challenge: str
) -> None:
    broker.will(token("t1", server_url=URL), token("t2", server_url=URL))
    carried_out = wire.answer

    def refusing(request: httpx.Request) -> httpx.Response:
        if wire.sent == ["t1"]:
            return httpx.Response(status, headers={"WWW-Authenticate": challenge})
        return carried_out(request)

    wire.answer = refusing
    assert await wire.call() is None
    assert wire.sent == ["t1", "t2"]
    assert broker.asked[1]["challenge"] == challenge


async def test_a_renewed_token_for_another_address_is_not_sent_either(broker: BrokerDouble, wire: Wire) -> None:
    broker.will(token("t1", server_url=URL), token("t2", server_url="http://127.0.0.1:9/other"))
    wire.answer = lambda _: httpx.Response(401, headers={"WWW-Authenticate": CHALLENGE})
    failure = await wire.call()
    assert isinstance(failure, ConfigurationMismatch)
    assert URL in str(failure)
    assert "http://127.0.0.1:9/other" in str(failure)
    assert wire.sent == ["t1"]


async def test_of_two_calls_that_fail_each_is_told_its_own_failure_once(broker: BrokerDouble, wire: Wire) -> None:
    broker.will(fault(404, "job_unknown"), token("t1", server_url=URL))
    wire.answer = lambda _: httpx.Response(502)
    answers = [await wire.send(1), await wire.send(2)]
    references = [answer["error"]["data"] for answer in answers]
    assert isinstance(wire.transport.failure(references[0]), JobUnknown)
    assert isinstance(wire.transport.failure(references[1]), ServerUnreachable)
    assert wire.transport.failure(references[0]) is None
