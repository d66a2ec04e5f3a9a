"""The pair of county and one database for the tests of this folder."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.flow.federation.one_database import OneDatabase
from tests.flow.federation.pair import Pair
from tests.flow.federation.running import County, running
from tests.flow.federation.tables import PostgresqlTables
from tests.postgresql import FreshDatabase


@pytest.fixture(scope="module")
def pair(runner: asyncio.Runner, county: County, one_database: OneDatabase) -> Pair:
    return Pair(runner, county, one_database)


@pytest.fixture(scope="module")
def pair_on_postgresql(
    runner: asyncio.Runner,
    one_database: OneDatabase,
    fresh_postgresql: FreshDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:
    """The same with every department's tables in a PostgreSQL database of its own."""
    county = running(
        tmp_path_factory.mktemp("postgresql_county"), lambda member: PostgresqlTables(fresh_postgresql())
    )
    yield Pair(runner, runner.run(county.__aenter__()), one_database)
    runner.run(county.__aexit__(None, None, None))
