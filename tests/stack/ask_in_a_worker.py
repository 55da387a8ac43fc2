"""Asks for tokens inside real Dask workers, and uses them: one question a line on standard input, one answer a line.

A question is a JSON object: `form` (`async` or `sync`), `sub`, `server`, `job`, and perhaps `again` (ask once more when
the token has ended) and `key` (another worker key than the worker's own). An answer says whose token it was by the MCP
server's own word, never the token.
"""

import json
import os
import sys
from typing import Any

from distributed import Client

Question = dict[str, Any]


def used(token: Any) -> dict[str, Any]:
    """Call the MCP server as the token's owner, and say who that is."""
    import asyncio

    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def whoami() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token.value}"}
        async with (
            streamablehttp_client(token.server_url, headers=headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            answer = await session.call_tool("whoami", {})
        return json.loads(answer.content[0].text)

    return {"sub": asyncio.run(whoami())["sub"], "sha256": token.sha256, "scopes": list(token.scopes)}


def failed(error: Exception) -> dict[str, Any]:
    """Name the failure as programs see it."""
    return {"error": type(error).__name__, "reason": getattr(error, "reason", None), "message": str(error)}


def ask_sync(question: Question) -> dict[str, Any]:
    """Ask as an ordinary task does, in one of the worker's threads."""
    import time
    from datetime import UTC, datetime

    from aiq_connect import AiqConnectError, SyncBroker, SyncMCPTokenStore

    broker = SyncBroker(os.environ["AIQ_CONNECT_WORKER_URL"], question["key"]) if question.get("key") else None
    with SyncMCPTokenStore(broker) as store:
        try:
            token = store.resolve(question["sub"], question["server"], job_id=question["job"])
            tokens = [used(token)]
            if question.get("again"):
                assert token.expires_at is not None
                time.sleep(max(0.0, (token.expires_at - datetime.now(UTC)).total_seconds()) + 0.1)
                tokens.append(used(store.resolve(question["sub"], question["server"], job_id=question["job"])))
        except AiqConnectError as error:
            return {"process": os.getpid(), **failed(error)}
    return {"process": os.getpid(), "tokens": tokens}


async def ask_async(question: Question) -> dict[str, Any]:
    """Ask as a coroutine task does, on the worker's own event loop."""
    import asyncio
    from datetime import UTC, datetime

    from aiq_connect import AiqConnectError, Broker, MCPTokenStore

    broker = Broker(os.environ["AIQ_CONNECT_WORKER_URL"], question["key"]) if question.get("key") else None
    async with MCPTokenStore(broker) as store:
        try:
            token = await store.resolve(question["sub"], question["server"], job_id=question["job"])
            tokens = [await asyncio.to_thread(used, token)]
            if question.get("again"):
                assert token.expires_at is not None
                await asyncio.sleep(max(0.0, (token.expires_at - datetime.now(UTC)).total_seconds()) + 0.1)
                token = await store.resolve(question["sub"], question["server"], job_id=question["job"])
                tokens.append(await asyncio.to_thread(used, token))
        except AiqConnectError as error:
            return {"process": os.getpid(), **failed(error)}
    return {"process": os.getpid(), "tokens": tokens}


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
