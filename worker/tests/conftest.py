from collections.abc import Iterator

import pytest

from tests.broker_double import BrokerDouble, broker_double


@pytest.fixture
def broker() -> Iterator[BrokerDouble]:
    with broker_double() as double:
        yield double
