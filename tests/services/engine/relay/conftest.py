"""The captured workshop and the broker that each test gets."""

import pytest

from services.engine.capture.attach import attach
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.stores import Store, patience, postgresql_store, reused_postgresql, sqlite_store, store

__all__ = ["patience", "postgresql_store", "reused_postgresql", "sqlite_store", "store"]


async def _captured(store: Store) -> Store:
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    return store


@pytest.fixture
async def shop(sqlite_store: Store) -> Store:
    """The workshop's tables, captured."""
    return await _captured(sqlite_store)


@pytest.fixture
async def each_shop(store: Store) -> Store:
    """The same on either database, where the relay's own statements are on trial."""
    return await _captured(store)


@pytest.fixture
async def postgresql_shop(postgresql_store: Store) -> Store:
    """On PostgreSQL, for what only PostgreSQL knows."""
    return await _captured(postgresql_store)


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()
