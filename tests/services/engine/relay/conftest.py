"""The store that each test gets, on either database."""

from tests.stores import patience, reused_postgresql, store

__all__ = ["patience", "reused_postgresql", "store"]
