"""The brokers that must pass the one suite."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.brokers import EACH_BROKER, running_broker

_numbers = count(1)


@pytest.fixture(scope="session", params=EACH_BROKER)
def bootstrap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the broker is."""
    with running_broker(request.param, tmp_path_factory.mktemp("broker")) as broker:
        yield broker.bootstrap


@pytest.fixture
def topic() -> str:
    """A topic's name that no other test has."""
    return f"seam{next(_numbers)}.330203.workshop.tools.v1.public"
