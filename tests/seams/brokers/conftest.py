"""The brokers that must pass the one suite; a tier with another broker adds it to the table."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import pytest

from tests.brokers import EmbeddedBroker, embedded_broker

#: How each broker is started in a folder of its own.
BROKERS: dict[str, Callable[[Path], AbstractContextManager[EmbeddedBroker]]] = {"embedded": embedded_broker}

_numbers = count(1)


@pytest.fixture(scope="session", params=sorted(BROKERS))
def bootstrap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the broker is."""
    with BROKERS[request.param](tmp_path_factory.mktemp(request.param)) as broker:
        yield broker.bootstrap


@pytest.fixture
def topic() -> str:
    """A topic's name that no other test has."""
    return f"seam{next(_numbers)}.330203.workshop.tools.v1.public"
