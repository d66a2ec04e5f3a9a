"""The brokers that must pass the one suite."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.brokers import EACH_BROKER, Broker, running_broker

_numbers = count(1)


@pytest.fixture(scope="session", params=EACH_BROKER)
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker itself; a `KafkaBroker` is what a relay makes of it."""
    with running_broker(request.param, tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def topic() -> str:
    """A topic's name that no other test has."""
    return f"seam{next(_numbers)}.330203.workshop.tools.v1.public"
