"""The SQL source's driver for SQLite: what finds by an index runs at once in the loop, the rest in a few threads.

Any number of readers and one writer, over a file in WAL mode; a statement past its budget is stopped from within.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from time import monotonic
from typing import Any, Concatenate, ParamSpec, TypeVar

from services.engine.capture.keys import quoted
from services.engine.capture.tables import SQLITE
from services.engine.source.port import SourceAway, StatementTooLong
from services.engine.source.sql.driver import Rows, Steps
from services.engine.source.sql.sqlite_line import Line, fault_of
from services.engine.source.sql.statements import Statement

P = ParamSpec("P")
R = TypeVar("R")

#: How long the loop may be held by one statement, in seconds; longer ones begin anew in a thread.
_INLINE_SECONDS = 0.003
#: How long a thread waits for another program's lock, in seconds.
_PATIENCE = 5.0
#: How often it is looked whether the file is still the one that was opened, in seconds.
_LOOK_SECONDS = 0.1


class SqliteDriver:
    """See `Driver`. The file must exist: one that was taken away is not made anew."""

    dialect = SQLITE

    def __init__(self, path: str, budget_seconds: float, readers: int) -> None:
        self._path = path
        self._budget = budget_seconds
        self._readers = ThreadPoolExecutor(readers, "records")
        self._writer = ThreadPoolExecutor(1, "records-write")
        self._file: tuple[int, int] | None = None
        self._looked = 0.0
        self._inline: Line | None = None
        self._idle: list[Line] = []
        self._writing: Line | None = None

    async def rows(self, statement: Statement, values: Sequence[Any]) -> Rows:
        arguments = statement.arguments(values)
        self._look()
        if statement.quick:
            try:
                return self._at_once(statement.text, arguments)
            except sqlite3.Error as fault:
                if not isinstance(fault_of(fault), (StatementTooLong, SourceAway)):
                    raise fault_of(fault) from fault
        return await self._in_thread(self._readers, self._read, statement.text, arguments)

    async def write(self, steps: Steps[R]) -> R:
        self._look(now=True)
        return await self._in_thread(self._writer, self._transaction, steps)

    async def ordered_columns(self, tables: Collection[str]) -> Mapping[str, frozenset[str]]:
        """None are named: every statement says BINARY, for which the usual index serves."""
        return {}

    async def estimate(self, table: str) -> int:
        """A count; SQLite keeps no statistics of its own accord."""
        self._look()
        rows = await self._in_thread(self._readers, self._read, f"SELECT count(*) FROM {quoted(table)}", ())
        return int(rows[0][0])

    async def close(self) -> None:
        for threads in (self._readers, self._writer):
            threads.shutdown(cancel_futures=True)
        for line in (self._inline, self._writing, *self._idle):
            if line is not None:
                line.close()

    def _look(self, now: bool = False) -> None:
        """Notice a file that was taken away or put back: what is still open of it is no longer the database."""
        at = monotonic()
        if not now and at - self._looked < _LOOK_SECONDS:
            return
        self._looked, self._file = 0.0, None
        try:
            state = os.stat(self._path)
        except OSError as fault:
            raise SourceAway from fault
        self._looked, self._file = at, (state.st_dev, state.st_ino)

    def _at_once(self, text: str, arguments: tuple[Any, ...]) -> Rows:
        line, self._inline = self._inline, None
        self._inline = line = self._fresh(line, patience=0.0)
        return line.rows(text, arguments, _INLINE_SECONDS)

    async def _in_thread(
        self,
        threads: ThreadPoolExecutor,
        work: Callable[Concatenate[Event, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Work in a thread; it is stopped when the call that waits for it ends."""
        abandoned = Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                threads, partial(work, abandoned, *args, **kwargs)
            )
        except sqlite3.Error as fault:
            raise fault_of(fault) from fault
        finally:
            abandoned.set()

    def _read(self, abandoned: Event, text: str, arguments: tuple[Any, ...]) -> Rows:
        line = self._fresh(self._idle.pop() if self._idle else None, patience=_PATIENCE)
        try:
            return line.rows(text, arguments, self._budget, abandoned)
        finally:
            self._idle.append(line)

    def _transaction(self, abandoned: Event, steps: Steps[R]) -> R:
        """Once begun it is carried through: an answer that nobody awaits any more is still a write."""
        line, self._writing = self._writing, None
        self._writing = line = self._fresh(line, patience=_PATIENCE)
        line.rows("BEGIN IMMEDIATE", (), self._budget)
        try:
            result = self._carried_through(line, steps)
            line.rows("COMMIT", (), self._budget)
        except BaseException:
            line.roll_back()
            raise
        return result

    def _carried_through(self, line: Line, steps: Steps[R]) -> R:
        try:
            ask = next(steps)
            while True:
                arguments = ask.statement.arguments(ask.values)
                ask = steps.send(line.rows(ask.statement.text, arguments, self._budget))
        except StopIteration as done:
            result: R = done.value
            return result

    def _fresh(self, line: Line | None, patience: float) -> Line:
        """The line, or a new one where there is none or its file is another by now."""
        if line is not None and line.file == self._file:
            return line
        if line is not None:
            line.close()
        return Line(self._path, self._file, patience)
