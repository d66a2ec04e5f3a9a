"""The store that each test gets, on either database."""

from tests.stores import reused_postgresql, store

__all__ = ["reused_postgresql", "store"]
