"""The store that each test gets, on either database."""

from tests.stores import store

__all__ = ["store"]
