"""A mapping as plain values: which column of which physical table holds which item, and in what spelling."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Protocol

from schemas.contracts.model import Contract
from schemas.query.bound import Value

#: What a database driver, or the JSON that capture writes, gives for one column.
Stored = object


class Codec(Protocol):
    """How an item's value is spelt in a column, both ways. Its SQL twin lives in `source.sql.expressions`."""

    def decode(self, stored: Stored) -> Value:
        """The item's value. A spelling that the codec cannot read is null, as it is in the SQL twin.

        Accepts what SQLite's and PostgreSQL's drivers give and what the capture JSON gives.
        """
        ...

    def encode(self, value: Value) -> Stored:
        """The canonical stored spelling, for writes."""
        ...

    def spellings(self, value: Value) -> tuple[Stored, ...] | None:
        """Every stored spelling of a value, so that `IN (…)` keeps the index; None when there is no such list."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """One item in one column."""

    item: str
    column: str
    codec: Codec


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """A department's own table as it is today: column name -> SQL type (`text`, `integer`, `bigint`,
    `numeric(p,s)`, `boolean`, `date`, `timestamp`), its primary key and further indexed column tuples.

    Several datasets and majors may map the same table. Only `department seed` and tests make tables from this.
    """

    name: str
    columns: AbstractMapping[str, str]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """One contract over one physical table. The key's items map one to one to the table's key columns."""

    contract: Contract
    table: PhysicalTable
    fields: AbstractMapping[str, Field]

    @property
    def key_columns(self) -> tuple[str, ...]:
        return tuple(self.fields[item].column for item in self.contract.key)
