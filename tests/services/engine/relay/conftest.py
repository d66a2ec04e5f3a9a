"""The captured workshop and the broker that each test gets."""

import pytest

from services.engine.capture.attach import attach
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.stores import Store, patience, postgresql_store, reused_postgresql, sqlite_store, store

__all__ = ["patience", "postgresql_store", "reused_postgresql", "sqlite_store", "store"]


@pytest.fixture
async def shop(store: Store) -> Store:
    """The workshop's tables, captured, on either database."""
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    return store


@pytest.fixture
async def file_shop(sqlite_store: Store) -> Store:
    """The workshop's tables, captured, on SQLite."""
    await create_tables(sqlite_store.url, workshop.MAPPINGS)
    await attach(sqlite_store.database, workshop.MAPPINGS, outbox_limit=1_000)
    return sqlite_store


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()
