import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from tests.broker_double import BrokerDouble, broker_double


@pytest.fixture
def broker() -> Iterator[BrokerDouble]:
    with broker_double() as double:
        yield double


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact, with a deadline."""
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline, "it did not become true"
        await asyncio.sleep(0.005)
