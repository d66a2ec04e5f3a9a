"""A row as capture keeps it in JSON, read back; used by the relay."""

import json
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
