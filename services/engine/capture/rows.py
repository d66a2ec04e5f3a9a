"""A row as capture keeps it in JSON, read back; used by the relay and by naming."""

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from services.engine.capture.tables import SQLITE

Row = dict[str, Any]


class ColumnGone(ValueError):
    """A mapped column is no longer in the department's table; names it."""


def stored_row(text: str, dialect: str) -> Row:
    """The row's stored values as the database's driver gives them: SQLite's reals are binary, PostgreSQL's numerics
    exact."""
    row: Row = _reader(dialect).decode(text)
    return row


@cache
def _reader(dialect: str) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=float if dialect == SQLITE else Decimal)


def row_hash(row: Row, columns: Sequence[str]) -> str:
    """A hash of the mapped columns; raises ColumnGone."""
    try:
        mapped = [row[column] for column in columns]
    except KeyError as fault:
        raise ColumnGone(f"the column {fault.args[0]} is gone") from None
    return hashlib.sha256(json.dumps(mapped, default=str).encode()).hexdigest()
