"""Asks for tokens inside real Dask workers, and uses them: one question a line on standard input, one answer a line.

A question is a JSON object: `form` (`async` or `sync`), `sub`, `server`, `job`, and perhaps `refuse` (ask once more as
if the server had refused the token) and `key` (another worker key than the worker's own). An answer says whose the last
token was by the MCP server's own word, and names tokens by their hashes only.
"""

import asyncio
import json
import os
import sys
from typing import Any

from aiq_connect import AiqConnectError, Broker, MCPTokenStore, SyncBroker, SyncMCPTokenStore
from distributed import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

Question = dict[str, Any]


def owner(token: Any) -> str:
    """Call the MCP server with the token, and return who that is there."""

    async def whoami() -> str:
        headers = {"Authorization": f"Bearer {token.value}"}
        async with (
            streamablehttp_client(token.server_url, headers=headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            answer = await session.call_tool("whoami", {})
        return str(json.loads(answer.content[0].text)["sub"])

    return asyncio.run(whoami())


def failed(error: Exception) -> dict[str, Any]:
    """Name the failure as programs see it."""
    return {"error": type(error).__name__, "reason": getattr(error, "reason", None), "message": str(error)}


def ask_sync(question: Question) -> dict[str, Any]:
    """Ask as an ordinary task does, in one of the worker's threads."""
    broker = SyncBroker(os.environ["AIQ_CONNECT_WORKER_URL"], question["key"]) if question.get("key") else None
    with SyncMCPTokenStore(broker) as store:
        try:
            tokens = [store.resolve(question["sub"], question["server"], job_id=question["job"])]
            if question.get("refuse"):
                refused = tokens[0].sha256
                tokens.append(
                    store.resolve(question["sub"], question["server"], job_id=question["job"], rejected_sha256=refused)
                )
            found = owner(tokens[-1])
        except AiqConnectError as error:
            return {"process": os.getpid(), **failed(error)}
    return {"process": os.getpid(), "sub": found, "tokens": [token.sha256 for token in tokens]}


async def ask_async(question: Question) -> dict[str, Any]:
    """Ask as a coroutine task does, on the worker's own event loop."""
    broker = Broker(os.environ["AIQ_CONNECT_WORKER_URL"], question["key"]) if question.get("key") else None
    async with MCPTokenStore(broker) as store:
        try:
            tokens = [await store.resolve(question["sub"], question["server"], job_id=question["job"])]
            if question.get("refuse"):
                refused = tokens[0].sha256
                tokens.append(
                    await store.resolve(
                        question["sub"], question["server"], job_id=question["job"], rejected_sha256=refused
                    )
                )
            found = await asyncio.to_thread(owner, tokens[-1])
        except AiqConnectError as error:
            return {"process": os.getpid(), **failed(error)}
    return {"process": os.getpid(), "sub": found, "tokens": [token.sha256 for token in tokens]}


def main() -> None:
    """Answer every question by a task of its own."""
    with Client(sys.argv[1]) as client:
        workers = sorted(client.run(os.getpid).values())
        for line in sys.stdin:
            question = json.loads(line)
            ask = ask_async if question["form"] == "async" else ask_sync
            answer = client.submit(ask, question, pure=False).result(timeout=60)
            sys.stdout.write(json.dumps({**answer, "in_a_worker": answer["process"] in workers}) + "\n")


if __name__ == "__main__":
    main()
