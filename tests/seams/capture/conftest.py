"""The store that each test gets, on either database, with a program that never waits for a lock."""

import pytest

from tests.stores import postgresql_store, reused_postgresql, store

__all__ = ["postgresql_store", "reused_postgresql", "store"]


@pytest.fixture
def patience() -> float:
    return 0.0
