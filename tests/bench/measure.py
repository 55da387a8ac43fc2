"""How long one operation takes, one after another, and how many are done when sixteen are under way."""

import asyncio
import time
from collections.abc import Awaitable, Callable

WARM_UP = 500
AT_ONCE = 16


async def measure(operation: Callable[[int], Awaitable[None]], count: int) -> dict[str, float]:
    """Run `operation` `count` times each way; microseconds and operations per second."""
    for number in range(WARM_UP):
        await operation(number)
    took = []
    for number in range(count):
        begun = time.perf_counter_ns()
        await operation(number)
        took.append(time.perf_counter_ns() - begun)
    took.sort()

    numbers = iter(range(count))

    async def one_of_many() -> None:
        for number in numbers:
            await operation(number)

    begun = time.perf_counter_ns()
    await asyncio.gather(*(one_of_many() for _ in range(AT_ONCE)))
    seconds = (time.perf_counter_ns() - begun) / 1e9
    return {
        "p50_us": took[count // 2] / 1000,
        "p99_us": took[count * 99 // 100] / 1000,
        "per_second_at_16": count / seconds,
    }
