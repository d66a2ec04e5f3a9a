"""A department's database on either side: how tests open it, and how the department's own old programs write to it."""

import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import pytest

from services.engine.capture.database import Database, open_database
from services.engine.capture.tables import table_prefix
from tests.postgresql import FreshDatabase


class Program(Protocol):
    """A program that knows nothing of us, on a plain driver. Values stand for `?` in order."""

    async def execute(self, sql: str, *values: object) -> None:
        """One statement, committed unless a transaction is open."""
        ...

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]: ...

    async def insert(self, table: str, **columns: object) -> None: ...

    async def close(self) -> None: ...


class _Program:
    async def execute(self, sql: str, *values: object) -> None:
        raise AssertionError(sql)

    async def insert(self, table: str, **columns: object) -> None:
        places = ", ".join("?" for _ in columns)
        await self.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *columns.values())


class SqliteProgram(_Program):
    """With a patience of 0, where a lock stands in its way it fails at once, as old programs do."""

    def __init__(self, path: str, patience: float) -> None:
        self.connection = sqlite3.connect(path, timeout=patience, isolation_level=None)

    async def execute(self, sql: str, *values: object) -> None:
        self.connection.execute(sql, tuple(map(_plain, values)))

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, tuple(map(_plain, values))).fetchall()

    async def close(self) -> None:
        self.connection.close()


class PostgresqlProgram(_Program):
    """One connection of asyncpg."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection

    async def execute(self, sql: str, *values: object) -> None:
        await self.connection.execute(_dollars(sql), *values)

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.connection.fetch(_dollars(sql), *values)]

    async def close(self) -> None:
        await self.connection.close()


@dataclass
class Store:
    """A fresh database, as the engine and as a program see it."""

    url: str
    database: Database
    program: Program

    @property
    def name(self) -> str:
        return self.database.dialect.name

    def engine(self, table: str) -> str:
        """The name of one of the engine's tables in SQL text."""
        return table_prefix(self.name) + table

    @asynccontextmanager
    async def transaction(self, *, rolled_back: bool = False) -> AsyncIterator[None]:
        """What the program does within is one transaction."""
        await self.program.execute("BEGIN")
        yield
        await self.program.execute("ROLLBACK" if rolled_back else "COMMIT")


async def open_program(url: str, patience: float = 5.0) -> Program:
    """A program of its own on a database; `patience` in seconds is for SQLite's lock."""
    if url.startswith("sqlite:///"):
        return SqliteProgram(url.removeprefix("sqlite:///"), patience)
    return PostgresqlProgram(await asyncpg.connect(url))


async def drained(store: Store) -> bool:
    """Whether everything that is not parked was sent, no record is marked but those of which a change is parked, and no
    snapshot is under way."""
    stuck = (
        f"SELECT 1 FROM {store.engine('outbox')} o WHERE o.dataset = d.dataset AND o.raw_key = d.raw_key"
        " AND o.sent_at IS NULL AND o.parked_because NOT IN ('held', 'settling')"
    )
    # In one statement, since one leads to the other.
    [(busy,)] = await store.program.rows(
        f"SELECT EXISTS (SELECT 1 FROM {store.engine('outbox')} WHERE sent_at IS NULL AND parked_because IS NULL)"
        f" OR EXISTS (SELECT 1 FROM {store.engine('dirty')} d WHERE NOT EXISTS ({stuck}))"
        f" OR EXISTS (SELECT 1 FROM {store.engine('state')} WHERE name LIKE 'snapshot.%')"
    )
    return not busy


@asynccontextmanager
async def opened(url: str, patience: float = 5.0) -> AsyncIterator[Store]:
    """The store at an address, closed with the block."""
    program = await open_program(url, patience)
    database = open_database(url)
    try:
        yield Store(url, database, program)
    finally:
        await database.close()
        await program.close()


@pytest.fixture(scope="session")
def reused_postgresql(fresh_postgresql: FreshDatabase) -> str:
    """One database for test after test: emptying it takes a tenth of the time that making one takes."""
    return fresh_postgresql()


@pytest.fixture
def patience() -> float:
    """How long a program waits for SQLite's lock, in seconds; a suite may say otherwise."""
    return 5.0


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, patience: float) -> AsyncIterator[Store]:
    """An empty store on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    else:
        url = request.getfixturevalue("reused_postgresql")
        await _empty(url)
    async with opened(url, patience) as made:
        yield made


@pytest.fixture
async def sqlite_store(tmp_path: Path, patience: float) -> AsyncIterator[Store]:
    """An empty store on SQLite, for what does not depend on the database."""
    async with opened(f"sqlite:///{tmp_path / 'records.sqlite'}", patience) as made:
        yield made


@pytest.fixture
async def postgresql_store(reused_postgresql: str) -> AsyncIterator[Store]:
    """An empty store on PostgreSQL, for what only PostgreSQL knows."""
    await _empty(reused_postgresql)
    async with opened(reused_postgresql) as made:
        yield made


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SET client_min_messages = warning; SET lock_timeout = '10s';"
        " DROP SCHEMA IF EXISTS langqiao CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public"
    )
    await connection.close()


def _plain(value: object) -> object:
    """What sqlite3 takes without the adapters that it has given up."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _dollars(sql: str) -> str:
    places: Iterator[int] = count(1)
    return re.sub(r"\?", lambda _: f"${next(places)}", sql)
