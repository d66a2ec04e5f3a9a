"""The captured workshop and the broker that each test gets."""

import pytest

from services.engine.capture.attach import attach
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.stores import Store, patience, postgresql_store, reused_postgresql, store

__all__ = ["patience", "postgresql_store", "reused_postgresql", "store"]


@pytest.fixture
async def shop(store: Store) -> Store:
    """The workshop's tables, captured, on either database."""
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    return store


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()
