import asyncio
import gc
import time
import warnings
from collections.abc import Callable, Iterator

import pytest

from tests.broker_double import BrokerDouble, broker_double


@pytest.fixture
def broker() -> Iterator[BrokerDouble]:
    with broker_double() as double:
        yield double


@pytest.fixture(scope="module")
def mcp_garbage() -> Iterator[None]:
    """Collect the streams that the MCP SDK's server leaves open, here and not in the middle of somebody else's test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact, with a deadline."""
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline, "it did not become true"
        await asyncio.sleep(0.005)
