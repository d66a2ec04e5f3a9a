"""One loop, one oracle and one running county for all flow tests."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from tests.flow.federation.one_database import OneDatabase
from tests.flow.federation.running import County, running
from tests.postgresql import FreshDatabase


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """The loop in which everything of these tests lives; examples of one property come and go in it."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="session")
def one_database(runner: asyncio.Runner, fresh_postgresql: FreshDatabase) -> Iterator[OneDatabase]:
    """The oracle, with empty tables."""
    made = OneDatabase(runner.run(asyncpg.connect(fresh_postgresql())))
    runner.run(made.make())
    yield made
    runner.run(made.connection.close())


@pytest.fixture(scope="session")
def county(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """The running county, with empty tables."""
    made = running(tmp_path_factory.mktemp("county"))
    yield runner.run(made.__aenter__())
    runner.run(made.__aexit__(None, None, None))
