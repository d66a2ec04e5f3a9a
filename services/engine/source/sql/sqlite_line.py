"""One connection to a SQLite file, whose statements stop at a deadline; used by `sqlite`."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from services.engine.source.port import NotAttached, SourceAway, StatementTooLong
from services.engine.source.sql.driver import Refused, Rows

#: Steps of SQLite's machine between two looks at the clock: some ten microseconds.
_STEPS = 2_000
_STATEMENTS_KEPT = 100

_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_PROTOCOL,
    }
)
#: How SQLite's own words for it begin; it has no code of its own.
_NO_TABLE = "no such table: "
_REFUSED = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})


class Line:
    """A connection to the file that is to be `file` (device and inode), used by one thread at a time.

    `patience`: how long it waits for another program's lock, in seconds.
    """

    def __init__(self, path: str, file: tuple[int, int] | None, patience: float) -> None:
        self.file = file
        self._deadline = 0.0
        self._abandoned: Event | None = None
        self._connection = sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )
        self._connection.set_progress_handler(self._is_over, _STEPS)
        with suppress(sqlite3.OperationalError):
            # Readers and the department's programs do not wait for each other; where it cannot be had, they do.
            self.rows("PRAGMA journal_mode=WAL", (), patience)

    def rows(
        self, text: str, arguments: tuple[Any, ...], seconds: float, abandoned: Event | None = None
    ) -> Rows:
        """The rows of one statement; interrupted after some seconds, or when nobody awaits them any more."""
        self._deadline, self._abandoned = monotonic() + seconds, abandoned
        try:
            return self._connection.execute(text, arguments).fetchall()
        except sqlite3.OperationalError as fault:
            if _code(fault) is not None:
                raise
        # A text that is not UTF-8, which another program left: readable but for the bytes that are none.
        self._connection.text_factory = _tolerant
        try:
            return self._connection.execute(text, arguments).fetchall()
        finally:
            self._connection.text_factory = str

    def roll_back(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def _is_over(self) -> bool:
        return monotonic() > self._deadline or (self._abandoned is not None and self._abandoned.is_set())


def fault_of(fault: sqlite3.Error) -> Exception:
    """A driver's fault as the port names it, without the driver's text, which may hold a value."""
    code = _code(fault)
    if code == sqlite3.SQLITE_INTERRUPT:
        return StatementTooLong()
    if code in _AWAY:
        return SourceAway()
    if str(fault).startswith(_NO_TABLE):
        return NotAttached()
    return Refused() if code in _REFUSED else fault


def _code(fault: sqlite3.Error) -> int | None:
    """The primary result code; None when the fault is Python's own."""
    code = getattr(fault, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _tolerant(raw: bytes) -> str:
    return raw.decode(errors="replace")
