"""The source port: how the engine reads and writes a department's records, whatever keeps them.

Implemented by `source.sql`; called by `api` (reads and writes) and `relay` (snapshot reads). Values cross the
port as the semantics see them (`schemas.query.bound.Value`), never as stored spellings.
"""

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.query.bound import BoundQuery, Value

#: The values of a record's key items, in the contract's key order.
Key = tuple[Value, ...]


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Where a record stands in its run of changes; shown as `epoch.number`."""

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        epoch, number = text.split(".")
        return cls(int(epoch), int(number))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in total order (the query's order, then the key).

    Each row holds the values of `query.columns`, in order. `record_id` columns hold the record id and
    `record_version` columns the version's text. `last` is the position of the last row: the order's values and
    then the key's values, to be passed as `after` for the next page; None when no row follows.
    """

    rows: Sequence[tuple[Value, ...]]
    last: tuple[Value, ...] | None


@dataclass(frozen=True, slots=True)
class Written:
    """A record after a write."""

    record_id: str
    version: Version


@dataclass(frozen=True, slots=True)
class Once:
    """A caller's idempotency key for one write, and a digest of what it sent under it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Creation:
    """A new record, of which all items are given."""

    dataset: str
    major: int
    values: AbstractMapping[str, Value]


@dataclass(frozen=True, slots=True)
class Changing:
    """Items of one record that are given new values."""

    dataset: str
    major: int
    key: Key
    values: AbstractMapping[str, Value]


class RecordSource(Protocol):
    """Everything the engine asks of a department's store, for all of the department's datasets.

    A query names its contract; its `columns` are final (access has replaced `star`), its `embeds` are empty.
    Raises `SourceAway` when the database does not answer in time, `DatasetStale` when the dataset's table no longer
    fits its mapping; of other datasets that is no concern. Raises `NotAttached` for what the engine's own tables say.
    """

    async def page(self, query: BoundQuery, *, limit: int, after: tuple[Value, ...] | None = None) -> Page:
        """At most `limit` rows (query.limit is ignored) after a position, or from query.offset."""
        ...

    async def count(self, query: BoundQuery) -> int:
        """How many records meet the filter, exactly; limit and offset are ignored."""
        ...

    async def estimate(self, dataset: str) -> int:
        """Roughly how many records there are, cheaply."""
        ...

    async def keys(self, dataset: str, record_ids: Sequence[str]) -> AbstractMapping[str, Key]:
        """The keys of those record ids that exist now; absent ones are left out."""
        ...

    async def version(self, dataset: str, key: Key) -> Version | None:
        """The record's current version; None when there is no such record."""
        ...

    async def create(
        self, dataset: str, major: int, values: AbstractMapping[str, Value], once: Once | None = None
    ) -> Written:
        """Raises `RecordExists`. With `once` the key is kept in the same transaction: sent again with the same
        digest the first answer is given again, with another one `KeyReused` is raised."""
        ...

    async def change(
        self,
        dataset: str,
        major: int,
        key: Key,
        values: AbstractMapping[str, Value],
        expected: Version | None,
    ) -> Written:
        """Set the given items (key items excepted). Raises `NoSuchRecord`, `StaleVersion`."""
        ...

    async def delete(self, dataset: str, key: Key, expected: Version | None) -> None:
        """Raises `NoSuchRecord`, `StaleVersion`."""
        ...

    async def together(
        self, deeds: Sequence[Creation | Changing], once: Once | None = None
    ) -> Sequence[Written]:
        """All of these in one transaction, in order, or none. Raises `RecordExists`, `NoSuchRecord`, `WriteRefused`;
        that of two who create one record at the same moment the second is told by `WriteRefused` too. With `once` the
        key is kept with the first of them, and nothing is written, and `RecordExists` raised, where it is there."""
        ...

    async def given(self, dataset: str, once: Once) -> Written | None:
        """What was written before under an idempotency key. Raises `KeyReused` where the digest is another."""
        ...

    async def check(self) -> AbstractMapping[str, str]:
        """Cheaply, whether every mapped table can be read: why not, by dataset, where it no longer fits its mapping.
        Raises `SourceAway` or what the database said."""
        ...


class SourceError(Exception):
    """A store's refusal; carries no value of a record."""


class SourceAway(SourceError):
    """The database did not answer; worth trying again."""


class DatasetStale(SourceError):
    """The table has lost columns that the mapping shows, or has them in another type. `items` says what became of each
    item concerned; none: the table itself is gone."""

    def __init__(self, items: AbstractMapping[str, str]) -> None:
        self.items = items
        super().__init__()


class NotAttached(SourceError):
    """A table is missing that is not the department's but the engine's own: capture was never put in place."""


class RecordExists(SourceError):
    """A record with this key exists."""


class KeyReused(SourceError):
    """The idempotency key was used for another body."""


class NoSuchRecord(SourceError):
    """No record with this key."""


class StaleVersion(SourceError):
    """The record's version is not the expected one."""


class StatementTooLong(SourceError):
    """A statement ran past its budget and was stopped; the question costs too much."""


class WriteRefused(SourceError):
    """The department's own table does not take the record: a constraint of its own, or no spelling for a value of
    one of `items`."""

    def __init__(self, items: tuple[str, ...] = ()) -> None:
        self.items = items
        super().__init__()
