"""Departments' own tables, made and filled by plain SQL as an old program would; in SQLite files and in PostgreSQL."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from services.engine.mapping.model import PhysicalTable, Stored

#: Rows by table, each as its columns' stored spellings.
Rows = Mapping[str, Sequence[Mapping[str, Stored]]]


class Tables(Protocol):
    """The database of one department. `url` is what the department's settings say of it."""

    @property
    def url(self) -> str: ...

    async def run(self, *statements: str) -> None:
        """Some statements in one transaction."""
        ...

    async def fill(self, rows: Rows) -> None:
        """Replace what some tables hold, in one transaction."""
        ...


#: Gives the tables of a department's member id.
MakeTables = Callable[[str], Tables]


async def create(tables: Tables, wanted: Sequence[PhysicalTable]) -> None:
    """Create tables as they were long before there was a bridge."""
    await tables.run(*map(_created, wanted))


def _created(table: PhysicalTable) -> str:
    columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
    return f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({', '.join(table.key)}))"


@dataclass(frozen=True)
class SqliteTables:
    """Tables in a SQLite file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    async def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    async def fill(self, rows: Rows) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for table, records in rows.items():
                connection.execute(f"DELETE FROM {table}")
                for record in records:
                    marks = ", ".join("?" * len(record))
                    values = list(map(_bound, record.values()))
                    connection.execute(f"INSERT INTO {table} ({', '.join(record)}) VALUES ({marks})", values)


@dataclass(frozen=True)
class PostgresqlTables:
    """Tables in a PostgreSQL database."""

    url: str

    async def run(self, *statements: str) -> None:
        async with self._connected() as connection, connection.transaction():
            for statement in statements:
                await connection.execute(statement)

    async def fill(self, rows: Rows) -> None:
        async with self._connected() as connection, connection.transaction():
            for table, records in rows.items():
                await connection.execute(f"DELETE FROM {table}")
                # As texts, because the driver takes 9999-12-31 for infinity.
                await connection.execute(
                    f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1)",
                    json.dumps(list(records), default=str),
                )

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()


def _bound(stored: Stored) -> Any:
    """A value as SQLite's driver takes it."""
    if isinstance(stored, datetime):
        return stored.isoformat(" ")
    if isinstance(stored, date):
        return stored.isoformat()
    return str(stored) if isinstance(stored, Decimal) else stored
