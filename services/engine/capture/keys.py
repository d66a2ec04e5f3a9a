"""The raw key: a record's key columns as stored, as one JSON array; the same text from Python and either database."""

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from services.engine.capture.tables import SQLITE

#: Of a fraction of a second, which PostgreSQL leaves out.
_TRAILING_ZEROS = re.compile(r"(\.\d*?)0+(?=$|[+-])")


def raw_key(stored: Sequence[object], dialect: str) -> str:
    """The raw key of stored key values, in the contract's key order, as `key_expression` gives it in SQL."""
    comma = "," if dialect == SQLITE else ", "
    return f"[{comma.join(_json(value, dialect) for value in stored)}]"


def stored_key(raw: str) -> tuple[Any, ...]:
    """The stored key values of a raw key, as the capture JSON spells them."""
    return tuple(_reader().decode(raw))


def key_expression(columns: Sequence[str], row: str, dialect: str) -> str:
    """SQL text of the raw key; `row` is a table's alias, `NEW` or `OLD`."""
    values = [f"{row}.{quoted(column)}" for column in columns]
    if dialect == SQLITE:
        return "('[' || " + " || ',' || ".join(sqlite_json(value) for value in values) + " || ']')"
    return f"jsonb_build_array({', '.join(values)})::text"


def sqlite_json(value: str) -> str:
    """SQL text giving the JSON of one SQLite value: reals to the last bit, blobs as hex, and no value that fails."""
    # One digit more than a real needs: with 17, SQLite's own printing errs in the last one near the ends of the range.
    real = f"printf('%!.18g', {value})"
    return (
        f"CASE typeof({value}) WHEN 'real' THEN CASE WHEN abs({value}) < 9e999 THEN {real} ELSE json_quote({real}) END"
        f" WHEN 'blob' THEN json_quote(hex({value})) ELSE json_quote({value}) END"
    )


def quoted(name: str) -> str:
    """An SQL identifier; both databases quote alike."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL text literal, for statements that take no parameters (triggers)."""
    return "'" + text.replace("'", "''") + "'"


@cache
def _reader() -> json.JSONDecoder:
    """Made once: every change has its key read."""
    return json.JSONDecoder(parse_float=Decimal)


def _json(value: object, dialect: str) -> str:
    if isinstance(value, bool) and dialect == SQLITE:
        return str(int(value))
    if value is None or isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return json.dumps(_TRAILING_ZEROS.sub(r"\1", value.isoformat()))
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    raise TypeError(f"a key column holds {type(value).__name__}, which is no key")
