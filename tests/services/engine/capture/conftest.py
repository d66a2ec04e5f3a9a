"""The store that each test gets, on either database."""

from tests.stores import patience, postgresql_store, reused_postgresql, sqlite_store, store

__all__ = ["patience", "postgresql_store", "reused_postgresql", "sqlite_store", "store"]
