"""What a database's driver does for the SQL source: one protocol, SQLite's and PostgreSQL's modules beside this one."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from services.engine.source.port import SourceError
from services.engine.source.sql.statements import Statement

R = TypeVar("R")
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Ask:
    """One statement of a transaction, with its values."""

    statement: Statement
    values: Sequence[Any] = ()


#: A transaction as a generator: asks, is sent the rows, and returns its result. So it is written once, and runs whole
#: in one thread on SQLite and step by step in the loop on PostgreSQL.
Steps = Generator[Ask, Rows, R]


class Refused(SourceError):
    """The database did not take a write: a constraint, or a value that its column cannot hold."""


class Driver(Protocol):
    """One department's database. Every statement runs under its budget; raises SourceAway, StatementTooLong."""

    dialect: str

    async def rows(self, statement: Statement, values: Sequence[Any]) -> Rows:
        """The rows of a read; no transaction is begun for it."""
        ...

    async def write(self, steps: Steps[R]) -> R:
        """Run a transaction and commit it; rolled back when the steps raise. Raises Refused."""
        ...

    async def ordered_columns(self, tables: Collection[str]) -> Mapping[str, frozenset[str]]:
        """By table, the columns of text that sort by code point without being told to."""
        ...

    async def estimate(self, table: str) -> int:
        """Roughly how many rows a table has."""
        ...

    async def close(self) -> None: ...
