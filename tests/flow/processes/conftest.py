"""One small world of real processes for all stories of this folder, started once, and shut down clean."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from services.cli.story.stage import Stage
from services.cli.world.world import World, running_world
from services.departments import kinds
from services.engine.synthetic.population import Size
from tests.flow.processes.living import processes_of

_SCALE = 0.02


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world") / "demo"
    with running_world(folder, kinds(), size=Size().scaled(_SCALE)) as running:
        yield running
    assert processes_of(folder) == []


@pytest.fixture
def stage(world: World) -> Stage:
    """What an act of the story is given; what it prints is in `stage.console.file`."""
    return Stage(world, Console(file=io.StringIO(), width=200, highlight=False))
