"""One broker for a suite of this room that is told on each, and a bridge of its own there for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import EACH_BROKER, Broker, running_broker
from tests.services.directory.bridge import Bridge


@pytest.fixture(scope="module", params=EACH_BROKER)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(request.param, tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def bridge(broker: Broker, tmp_path: Path) -> Bridge:
    return Bridge(tmp_path, broker, broker.operator_settings)
