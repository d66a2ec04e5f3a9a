"""One small world with a data office and two departments, for all stories of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.world.plan import OFFICE
from services.cli.world.world import World, running_world
from services.engine.synthetic.population import Size
from tests.flow.office.asking import KIND, OTHER


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("office") / "world"
    with running_world(folder, (OFFICE, KIND, OTHER), size=Size().scaled(0.01)) as running:
        yield running
