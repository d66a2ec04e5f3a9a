"""The depot's store on each database, with capture in place; one loop and one database for all tests of a module."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from services.engine.capture.attach import attach
from services.engine.capture.database import open_database
from services.engine.mapping.model import Mapping
from services.engine.settings import Settings
from services.engine.source.port import RecordSource
from services.engine.source.sql.ddl import create_tables
from services.engine.source.sql.opening import open_source
from tests.seams.stores import depot
from tests.seams.stores.asking import Row
from tests.stores import Program, open_program

DATABASES = ("sqlite", "postgresql")

#: The address of a fresh database of a name in DATABASES.
FreshUrl = Callable[[str], str]


@dataclass
class Store:
    """One store under test, and a program of the department's own beside it."""

    name: str
    url: str
    source: RecordSource
    program: Program

    async def fill(self, rows: list[Row]) -> None:
        """These rows and no others."""
        await self.program.execute("BEGIN")
        await self.program.execute(f"DELETE FROM {depot.TABLE.name}")
        for row in rows:
            spelt = {depot.COLUMN[item]: stored for item, stored in row.items()}
            await self.program.insert(depot.TABLE.name, **spelt)
        await self.program.execute("COMMIT")


@asynccontextmanager
async def opened(name: str, url: str, mapping: Mapping, **settings: Any) -> AsyncIterator[Store]:
    """A store over a fresh database, its table made and captured."""
    await create_tables(url, [mapping])
    database = open_database(url)
    await attach(database, [mapping], outbox_limit=1_000_000)
    await database.close()
    program = await open_program(url)
    try:
        async with source_at(url, mapping, **settings) as source:
            yield Store(name, url, source, program)
    finally:
        await program.close()


def source_at(url: str, mapping: Mapping, **settings: Any) -> AbstractAsyncContextManager[RecordSource]:
    """A store at an address, as the service opens it."""
    said = {"kind": "depot", "division": "330203", "pseudonym_key_file": "unread", "database_url": url}
    return open_source([mapping], Settings(**{**said, **settings}), depot.SECRET)


@pytest.fixture(scope="module")
def fresh_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FreshUrl:
    def fresh(name: str) -> str:
        if name == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('store') / 'records.sqlite'}"
        return str(request.getfixturevalue("fresh_postgresql")())

    return fresh


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stores(fresh_url: FreshUrl) -> AsyncIterator[tuple[Store, ...]]:
    """The same depot on every database."""
    async with AsyncExitStack() as stack:
        yield tuple(
            [
                await stack.enter_async_context(opened(name, fresh_url(name), depot.depot()))
                for name in DATABASES
            ]
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=DATABASES)
async def store(request: pytest.FixtureRequest, fresh_url: FreshUrl) -> AsyncIterator[Store]:
    """The depot on one database after the other."""
    async with opened(request.param, fresh_url(request.param), depot.depot()) as made:
        yield made
