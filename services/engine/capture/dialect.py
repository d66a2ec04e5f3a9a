"""What capture must say differently to SQLite and to PostgreSQL: one protocol, two small modules beside this one."""

from collections.abc import Sequence
from typing import Protocol

from services.engine.capture.captured import Captured


class Dialect(Protocol):
    """SQL texts. `:name` are bound parameters; trigger statements have none and go to the driver as they are."""

    name: str
    #: Whether all writers wait while one of them is in a transaction.
    one_writer: bool
    #: The database's clock as RFC 3339 UTC text, and as seconds since 1970.
    now: str
    seconds: str
    #: Whether a change waits to be sent, as one cheap query; empty where the driver knows a cheaper way. Marks do not
    #: count: those of a table that does not fit stay for as long as it does not, and the chores look by themselves.
    waiting: str
    #: The id of the newest outbox row, deleted ones included; 0 or more before the first.
    last_id: str
    #: Said first in the transaction that makes our tables, so that one process at a time does.
    alone: tuple[str, ...]

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
