"""The worker package's own client asking the service, as a Dask worker does whenever its cache has nothing.

Prints one JSON object. Arguments: how often; lines of `job id` come on standard input. Address and key as in a worker.
"""

import asyncio
import json
import sys

from aiq_connect.broker import Broker
from aiq_connect.wire import ResolveRequest
from measure import measure


async def main(count: int, jobs: list[str]) -> None:
    """Ask for the token of one job after another."""
    async with Broker.from_environment() as broker:

        async def resolve(number: int) -> None:
            if not await broker.resolve(ResolveRequest(job_id=jobs[number % len(jobs)], mcp_server_id="incidents")):
                raise SystemExit("the service gave no token")

        sys.stdout.write(json.dumps(await measure(resolve, count)) + "\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.stdin.read().split()))
