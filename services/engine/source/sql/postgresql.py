"""The SQL source's driver for PostgreSQL: asyncpg's prepared statements on connections that are held between calls.

A read begins no transaction. The server stops a statement past its budget; a connection that broke, or whose caller
went away in mid-statement, is thrown away.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg

from services.engine.capture.keys import quoted
from services.engine.capture.tables import POSTGRESQL
from services.engine.source.port import NotAttached, SourceAway, StatementTooLong
from services.engine.source.sql.driver import Refused, Rows, Steps
from services.engine.source.sql.postgresql_types import set_types
from services.engine.source.sql.statements import Statement

R = TypeVar("R")

#: How long connecting may take, and how much longer than the server we wait for a statement's end, in seconds.
_CONNECTING, _GRACE = 3.0, 2.0
_STATEMENTS_KEPT = 100
#: Below this many pages a table is counted, above it the server's own statistics are good enough.
_SMALL_PAGES = 1_000

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectInUseError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,
    OSError,
)
_FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_REFUSED = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.RaiseError,
    asyncpg.TriggeredActionError,
)

#: Columns whose collation sorts by code point: by its name, or as the database's default by its locale.
_ORDERED = """
SELECT c.relname, a.attname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_collation l ON l.oid = a.attcollation
CROSS JOIN (SELECT to_jsonb(d) AS own FROM pg_database d WHERE d.datname = current_database()) d
WHERE c.oid = ANY (SELECT to_regclass(quote_ident(name)) FROM unnest($1::text[]) name) AND NOT a.attisdropped
  AND (l.collname IN ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8')
       OR (l.collname = 'default' AND CASE coalesce(d.own ->> 'datlocprovider', 'c')
             WHEN 'c' THEN d.own ->> 'datcollate' IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8')
             WHEN 'b' THEN d.own ->> 'datlocale' IN ('C', 'C.UTF-8')
             ELSE FALSE END))
"""

#: Rows and pages by the statistics, and the pages that there are now.
_SIZE = """
SELECT reltuples::float8, relpages, pg_relation_size(oid) / current_setting('block_size')::integer
FROM pg_class WHERE oid = to_regclass(quote_ident($1))
"""


class PostgresqlDriver:
    """See `Driver`. Connects when first used, to at most `connections` at a time."""

    dialect = POSTGRESQL

    def __init__(self, dsn: str, budget_seconds: float, connections: int) -> None:
        self._dsn = dsn
        self._budget = budget_seconds
        self._room = asyncio.Semaphore(connections)
        self._idle: list[asyncpg.Connection] = []

    async def rows(self, statement: Statement, values: Sequence[Any]) -> Rows:
        return await self._fetch(statement.text, *statement.arguments(values))

    async def write(self, steps: Steps[R]) -> R:
        async with self._connection() as connection, connection.transaction():
            try:
                ask = next(steps)
                while True:
                    arguments = ask.statement.arguments(ask.values)
                    ask = steps.send(await connection.fetch(ask.statement.text, *arguments))
            except StopIteration as done:
                result: R = done.value
                return result
            except asyncpg.QueryCanceledError as fault:
                # Another program holds what we would change: worth trying again.
                raise SourceAway from fault

    async def ordered_columns(self, tables: Collection[str]) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for table, column in await self._fetch(_ORDERED, list(tables)):
            found.setdefault(table, set()).add(column)
        return {table: frozenset(columns) for table, columns in found.items()}

    async def estimate(self, table: str) -> int:
        """By the statistics, scaled to the table's size now; a small table is counted."""
        sizes = await self._fetch(_SIZE, table)
        rows, pages, pages_now = sizes[0] if sizes else (-1.0, 0, 0)
        if pages_now > _SMALL_PAGES and rows > 0 and pages > 0:
            return int(rows / pages * pages_now)
        counted = await self._fetch(f"SELECT count(*) FROM {quoted(table)}")
        return int(counted[0][0])

    async def close(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            with suppress(*_AWAY):
                await connection.close(timeout=1)

    async def _fetch(self, text: str, *arguments: Any) -> Rows:
        async with self._connection() as connection:
            try:
                rows: Rows = await connection.fetch(text, *arguments)
            except asyncpg.InvalidCachedStatementError:
                # The department has changed its table since the statement was prepared.
                rows = await connection.fetch(text, *arguments)
            return rows

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of our own for a while; faults come out as the port names them."""
        async with self._room:
            try:
                connection = await self._connected()
            except _FAULTS as fault:
                raise fault_of(fault) from fault
            try:
                yield connection
            except asyncpg.PostgresError as fault:
                raise fault_of(fault) from fault
            except BaseException as fault:
                # The server may still be at work on it, which its own timeout ends.
                connection.terminate()
                raise fault_of(fault) if isinstance(fault, _FAULTS) else fault from fault
            finally:
                if not connection.is_closed():
                    self._idle.append(connection)

    async def _connected(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        connection = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECTING,
            command_timeout=self._budget + _GRACE,
            statement_cache_size=_STATEMENTS_KEPT,
            server_settings={
                "application_name": "langqiao",
                "timezone": "UTC",
                "statement_timeout": str(int(self._budget * 1_000)),
            },
        )
        await set_types(connection)
        return connection


def fault_of(fault: Exception) -> Exception:
    """A driver's fault as the port names it, without the driver's text, which may hold a value."""
    if isinstance(fault, asyncpg.QueryCanceledError):
        return StatementTooLong()
    if isinstance(fault, _REFUSED):
        return Refused()
    if isinstance(fault, asyncpg.UndefinedTableError):
        return NotAttached()
    return SourceAway() if isinstance(fault, _AWAY) else fault
