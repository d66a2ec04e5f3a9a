"""The broker and the stores of these tests."""

from collections.abc import Iterator

import pytest

from tests.brokers import EmbeddedBroker, embedded_broker
from tests.stores import patience, reused_postgresql, store

__all__ = ["patience", "reused_postgresql", "store"]


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One for all tests that leave it alive; each has topics of its own."""
    with embedded_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def mortal_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One to be stopped and killed."""
    with embedded_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running
