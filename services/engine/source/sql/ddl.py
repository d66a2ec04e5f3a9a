"""Tables as mappings describe them: made in an empty database and filled fast, by demo seeders and tests; or completed,
where a person says so, for a department that has no tables but these (`langqiao department seed --tables-only`).

Any other department's tables are there already, and nothing here ever runs beside them.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

import asyncpg
from sqlalchemy.engine import make_url

from services.engine.capture.fit import columns_query
from services.engine.capture.keys import quoted
from services.engine.capture.tables import POSTGRESQL, SQLITE
from services.engine.mapping.model import Mapping, PhysicalTable, Stored
from services.engine.source.sql.completing import lacking, listed, making
from services.engine.synthetic.oddities import Row

#: Rows sent to the database at a time: bounds memory, and costs nothing against one statement for each.
_BATCH = 5_000
#: How long others may hold a table that is to be completed: while we wait for it, whoever comes after us waits too.
_LOCK_SECONDS = 5


async def create_tables(url: str, mappings: Sequence[Mapping]) -> None:
    """Create each table once with its key and indexes; a SQLite file is made in WAL mode."""
    statements = [one for table in _tables(mappings).values() for one in making(table)]
    if _is_sqlite(url):
        await asyncio.to_thread(_sqlite_create, url, statements)
        return
    connection = await asyncpg.connect(_dsn(url))
    try:
        await connection.execute(";\n".join(statements))
    finally:
        await connection.close()


async def complete_tables(url: str, mappings: Sequence[Mapping]) -> list[str]:
    """Make the tables that are missing, and add to the others what they lack; what was done, each as a sentence. All of
    it is done, or nothing, and a second time there is nothing to do. Raises CannotComplete, and what the driver raises.

    A column that is added is null in the rows that are there. All else stays as it is, whatever it is.
    """
    tables = _tables(mappings)
    if _is_sqlite(url):
        return await asyncio.to_thread(_sqlite_complete, url, tables)
    connection = await asyncpg.connect(_dsn(url))
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
            todo = lacking(tables, await connection.fetch(columns_query(POSTGRESQL, tables)), POSTGRESQL)
            for _, statements in todo:
                await connection.execute(";\n".join(statements))
    finally:
        await connection.close()
    return [said for said, _ in todo]


async def insert_rows(url: str, mappings: Sequence[Mapping], rows: Iterable[Row]) -> int:
    """Put rows into the mappings' tables in one transaction; how many. A column that a row leaves out is null.

    Raises ValueError when a row has a table or a column that no mapping's table has.
    """
    tables = _tables(mappings)
    if _is_sqlite(url):
        return await asyncio.to_thread(_sqlite_insert, url, tables, rows)
    connection = await asyncpg.connect(_dsn(url))
    try:
        async with connection.transaction():
            count = 0
            for table, records in _batches(tables, rows):
                await connection.copy_records_to_table(
                    table.name, columns=list(table.columns), records=records
                )
                count += len(records)
        for name in tables:
            await connection.execute(f"ANALYZE {quoted(name)}")
        return count
    finally:
        await connection.close()


def _tables(mappings: Sequence[Mapping]) -> dict[str, PhysicalTable]:
    """By name; several datasets and majors may share one."""
    return {one.table.name: one.table for one in mappings}


def _batches(
    tables: dict[str, PhysicalTable], rows: Iterable[Row]
) -> Iterator[tuple[PhysicalTable, list[tuple[Stored, ...]]]]:
    """Rows by table, in the order of its columns."""
    stream = iter(rows)
    while batch := list(islice(stream, _BATCH)):
        grouped: dict[str, list[tuple[Stored, ...]]] = {}
        for name, row in batch:
            if name not in tables or not row.keys() <= tables[name].columns.keys():
                raise ValueError(f"a row for {name} does not fit the mapped tables: {', '.join(sorted(row))}")
            grouped.setdefault(name, []).append(tuple(map(row.get, tables[name].columns)))
        for name, records in grouped.items():
            yield tables[name], records


def _sqlite_create(url: str, statements: Sequence[str]) -> None:
    with closing(sqlite3.connect(make_url(url).database or "")) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for statement in statements:
            connection.execute(statement)


def _sqlite_complete(url: str, tables: dict[str, PhysicalTable]) -> list[str]:
    path = make_url(url).database or ""
    with closing(sqlite3.connect(path, timeout=_LOCK_SECONDS)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        # Begun here, for the driver begins none by itself before a table is altered.
        connection.execute("BEGIN IMMEDIATE")
        todo = lacking(tables, connection.execute(columns_query(SQLITE, tables)).fetchall(), SQLITE)
        for _, statements in todo:
            for statement in statements:
                connection.execute(statement)
    return [said for said, _ in todo]


def _sqlite_insert(url: str, tables: dict[str, PhysicalTable], rows: Iterable[Row]) -> int:
    with closing(sqlite3.connect(make_url(url).database or "")) as connection, connection:
        count = 0
        for table, records in _batches(tables, rows):
            places = ", ".join("?" for _ in table.columns)
            statement = f"INSERT INTO {quoted(table.name)} ({listed(table.columns)}) VALUES ({places})"
            connection.executemany(statement, (tuple(map(_sqlite_value, record)) for record in records))
            count += len(records)
        return count


def _sqlite_value(value: Stored) -> Stored:
    """SQLite has no such types: amounts become numbers by the column's affinity, days and times stay ISO text."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _dsn(url: str) -> str:
    return url.replace("postgresql+asyncpg:", "postgresql:", 1)
