"""The broker and the stores of these tests."""

from collections.abc import Iterator

import pytest

from tests.brokers import EACH_BROKER, Broker, running_broker
from tests.stores import patience, reused_postgresql, sqlite_store, store

__all__ = ["patience", "reused_postgresql", "sqlite_store", "store"]


@pytest.fixture(scope="session", params=EACH_BROKER)
def shared_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """One for all tests here; each has topics of its own."""
    with running_broker(request.param, tmp_path_factory.mktemp("broker")) as running:
        yield running
