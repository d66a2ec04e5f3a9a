"""The engine's way into a department's database: short transactions of plain SQLAlchemy Core functions, on either
dialect; used by everything in `capture`, and by the relay, which knows no SQL."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.engine.capture.dialect import Dialect
from services.engine.capture.postgresql import Postgresql
from services.engine.capture.sqlite import Sqlite

P = ParamSpec("P")
R = TypeVar("R")
Work = Callable[Concatenate[Connection, P], R]

#: How long a connection may take, and how long SQLite waits for a writer to end, in seconds.
_PATIENCE = 5.0
#: How SQLite's own words for it begin; it has no code of its own.
_NO_TABLE = "no such table: "


class DatabaseAway(Exception):
    """The department's database did not answer, or refused; worth trying again. Names the error's type alone."""


class DatabaseRefuses(DatabaseAway):
    """The database says that a statement of ours is not for it: a right or a table is missing."""


class Database(Protocol):
    """One department's database. `work` is a function of a connection; it must be short."""

    dialect: Dialect

    async def read(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run in a transaction that takes no write lock."""
        ...

    async def read_at_one_moment(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same, and all its statements see what was committed when it began. It may take as long as it takes."""
        ...

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run in a transaction that may write, and commit; raises DatabaseAway."""
        ...

    async def changed(self) -> bool:
        """Cheaply, whether there may be something to send since this was asked last."""
        ...

    async def close(self) -> None: ...


def open_database(url: str) -> Database:
    """The database of a `sqlite:///file` or `postgresql://…` address; connects when first used."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteDatabase(parsed.database or "")
    return PostgresqlDatabase(url)


class SqliteDatabase:
    """A file, worked on by one thread with one connection; changes are noticed on a second, inline."""

    def __init__(self, path: str) -> None:
        self.dialect: Dialect = Sqlite()
        self._path = path
        self._thread = ThreadPoolExecutor(1, "capture")
        self._engine = _sqlite_engine(path)
        self._probe: sqlite3.Connection | None = None
        self._seen = -1

    async def read(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run("BEGIN", work, *args, **kwargs)

    async def read_at_one_moment(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.read(work, *args, **kwargs)

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run("BEGIN IMMEDIATE", work, *args, **kwargs)

    async def changed(self) -> bool:
        """`data_version` costs microseconds and no lock, so it is asked here and not in the thread."""
        try:
            if self._probe is None:
                self._probe = sqlite3.connect(
                    _existing(self._path), timeout=0, isolation_level=None, uri=True
                )
            version = self._probe.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            self._close_probe()
            return True
        before, self._seen = self._seen, version
        return bool(before != version)

    async def close(self) -> None:
        self._close_probe()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()

    def _close_probe(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe = None

    async def _run(self, begin: str, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        def transaction() -> R:
            with (
                self._engine.connect().execution_options(langqiao_begin=begin) as connection,
                connection.begin(),
            ):
                return work(connection, *args, **kwargs)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
        except SQLAlchemyError as fault:
            raise _away(fault) from fault


class PostgresqlDatabase:
    """A server, through asyncpg; the same plain functions run on SQLAlchemy's bridge."""

    def __init__(self, url: str) -> None:
        self.dialect: Dialect = Postgresql()
        self._engine = _postgresql_engine(url)
        self._probe: PoolProxiedConnection | None = None

    async def read(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Without BEGIN and COMMIT: at READ COMMITTED each statement sees what is committed by then in either case."""
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                return await connection.run_sync(work, *args, **kwargs)
        except (SQLAlchemyError, OSError, TimeoutError) as fault:
            raise _away(fault) from fault

    async def read_at_one_moment(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                return await connection.run_sync(work, *args, **kwargs)
        except (SQLAlchemyError, OSError, TimeoutError) as fault:
            raise _away(fault) from fault

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            async with self._engine.begin() as connection:
                return await connection.run_sync(work, *args, **kwargs)
        except (SQLAlchemyError, OSError, TimeoutError) as fault:
            raise _away(fault) from fault

    async def changed(self) -> bool:
        """Asked a hundred times a second, so past SQLAlchemy: one round trip, prepared, no transaction."""
        try:
            if self._probe is None:
                self._probe = await self._engine.raw_connection()
            driver: Any = self._probe.driver_connection
            return bool(await driver.fetchval(self.dialect.waiting))
        except Exception:
            # Whatever it was, the next statement meets it too, and says so.
            self._close_probe()
            return True

    async def close(self) -> None:
        self._close_probe()
        await self._engine.dispose()

    def _close_probe(self) -> None:
        if self._probe is not None:
            self._probe.invalidate()
            self._probe = None


def _sqlite_engine(path: str) -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(_existing(path), timeout=_PATIENCE, check_same_thread=False, uri=True)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        # We say BEGIN ourselves; and a foreign program's broken text must not stop the relay.
        connection.isolation_level = None
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        # Held for a shorter time, the lock is in nobody's way. What a power cut takes with it is found and done again:
        # numbers fall as before, since here rows become visible in the order of their ids.
        connection.execute("PRAGMA synchronous = NORMAL").close()
        # So that neither our reads nor the department's wait for a writer. The file keeps this; where it cannot be
        # had now, everything works more slowly.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL").close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(
            connection.get_execution_options().get("langqiao_begin", "BEGIN IMMEDIATE")
        )

    return engine


def _existing(path: str) -> str:
    """A file's address for SQLite that does not make the file where there is none: then the database is away."""
    return f"{Path(path).absolute().as_uri()}?mode=rw"


def _postgresql_engine(url: str) -> AsyncEngine:
    session = {
        "application_name": "langqiao-capture",
        "timezone": "UTC",
        "extra_float_digits": "1",
        # Shorter than the server's deadlock_timeout: where a writer and we wait for each other, it is we who give up.
        "lock_timeout": "500ms",
    }
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=3,
        connect_args={"timeout": _PATIENCE, "command_timeout": 60, "server_settings": session},
    )


def _away(fault: BaseException) -> DatabaseAway:
    """Without the driver's text, which may hold a value."""
    cause = getattr(fault, "orig", None) or fault
    name = type(getattr(cause, "__cause__", None) or cause).__name__
    refuses = isinstance(fault, ProgrammingError) or str(cause).startswith(_NO_TABLE)
    return DatabaseRefuses(name) if refuses else DatabaseAway(name)
