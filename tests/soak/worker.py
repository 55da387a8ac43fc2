"""One worker process of the soak: asks for the tokens of several people's jobs, each again and again without pause.

Beside these questions, of which none is answered from memory, it asks every now and then as an ordinary job does, which
believes for a while what it was told: such a token has to be good as well.

`SOAK_JOBS` is a JSON array of `{"user", "server", "job"}`, `SOAK_MIN_TTL_SECONDS` is how long a token has to last. Once
a second, and at its end, it says as one line of JSON what it has counted so far. SIGTERM ends it.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from aiq_connect import AiqConnectError, MCPTokenStore, ReconnectRequired, Transient

MIN_TTL = timedelta(seconds=float(os.environ["SOAK_MIN_TTL_SECONDS"]))
# The store believes a refusal for seconds without asking again; this only keeps the loop from spinning meanwhile.
AFTER_REFUSAL = 0.2
NOW_AND_THEN = 0.5


class Count:
    """What happened so far."""

    def __init__(self) -> None:
        self.answered = 0
        self.tokens = 0
        self.slowest = 0.0
        # Answers with a token whose time was over when it was asked for.
        self.over = 0
        self.errors: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def say(self) -> None:
        """Write all of it as one line."""
        sys.stdout.write(json.dumps(self.__dict__) + "\n")
        sys.stdout.flush()


async def ask(store: MCPTokenStore, job: dict[str, str], count: Count, pause: float) -> None:
    """Ask for one person's token until cancelled."""
    last = None
    while True:
        asked, began = datetime.now(UTC), time.monotonic()
        try:
            token = await store.resolve(job["user"], job["server"], job_id=job["job"], min_ttl=MIN_TTL)
        except ReconnectRequired as refusal:
            count.refusals[f"{job['user']} {refusal.reason}"] += 1
            await asyncio.sleep(AFTER_REFUSAL)
        except AiqConnectError as failure:
            kind = "transient" if isinstance(failure, Transient) else "definitive"
            count.errors[f"{kind} {failure.code}"] += 1
            await asyncio.sleep(AFTER_REFUSAL)
        else:
            count.answered += 1
            count.slowest = max(count.slowest, time.monotonic() - began)
            count.over += token.expires_at is not None and token.expires_at <= asked
            count.tokens += token.sha256 != last
            last = token.sha256
            await asyncio.sleep(pause)


async def main() -> None:
    """Ask for everybody until told to stop."""
    count, stop = Count(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    jobs = json.loads(os.environ["SOAK_JOBS"])
    # Of the first nothing is answered from memory: every question reaches the service.
    async with MCPTokenStore(cache=timedelta(0)) as forgetful, MCPTokenStore() as ordinary:
        asking = [
            asyncio.create_task(ask(store, job, count, pause))
            for store, pause in ((forgetful, 0), (ordinary, NOW_AND_THEN))
            for job in jobs
        ]
        while not stop.is_set() and not any(task.done() for task in asking):
            count.say()
            try:
                await asyncio.wait_for(stop.wait(), 1)
            except TimeoutError:
                continue
        for task in asking:
            task.cancel()
        ends = await asyncio.gather(*asking, return_exceptions=True)
    for end in ends:
        if not isinstance(end, asyncio.CancelledError):
            count.errors[f"unforeseen {type(end).__name__}"] += 1
    count.say()


asyncio.run(main())
