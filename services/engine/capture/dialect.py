"""What capture must say differently to SQLite and to PostgreSQL: one protocol, two small modules beside this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Captured:
    """A dataset as capture sees it: its table, its key columns in the contract's key order, its mapped columns."""

    dataset: str
    table: str
    key_columns: tuple[str, ...]
    columns: tuple[str, ...]


class Dialect(Protocol):
    """SQL texts. `:name` are bound parameters; trigger statements have none and go to the driver as they are."""

    name: str
    #: The database's clock as RFC 3339 UTC text, and as seconds since 1970.
    now: str
    seconds: str
    #: How a read of record rows locks them without waiting, so that we never stand in a writer's way.
    lock: str
    #: True when outbox rows wait to be sent or record rows wait to be named.
    waiting: str
    #: Said first in a transaction that installs.
    patience: tuple[str, ...]

    def create_capture(self, captured: Captured) -> tuple[str, ...]:
        """Statements that put the triggers in place, over older ones of ours too."""
        ...

    def drop_capture(self, captured: Captured) -> tuple[str, ...]:
        """Statements that take the triggers away."""
        ...

    def triggers(self, captured: Captured) -> str:
        """A query that counts our triggers on the table; `expected_triggers` when capture is whole."""
        ...

    expected_triggers: int

    def keys_after(self, captured: Captured, first: bool) -> str:
        """A query of `raw_key` in key order after the raw key `:after` (from the first when `first`), `:limit` rows."""
        ...

    def rows(self, captured: Captured) -> str:
        """A query of `raw_key, row` (capture JSON) for the raw keys `:keys` (see `bind_keys`) that exist now."""
        ...

    def bind_keys(self, keys: Sequence[str]) -> object: ...

    def bind_after(self, raw: str) -> dict[str, object]: ...
