"""A record's raw key: one text from Python, from the triggers and from either database's queries."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.capture.keys import key_expression, raw_key, stored_key
from tests.stores import SqliteProgram

_TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)
_WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(_TEXTS, _WHOLE)
def test_sqlite_and_python_spell_a_key_alike(text: str, whole: int) -> None:
    program = SqliteProgram(":memory:", 0)
    expression = key_expression(("a", "b"), "t", "sqlite")
    row = program.connection.execute(f"SELECT {expression} FROM (SELECT ? AS a, ? AS b) t", (text, whole))
    spelt = row.fetchone()[0]
    program.connection.close()
    assert spelt == raw_key((text, whole), "sqlite")
    assert stored_key(spelt) == (text, whole)


KEYS: tuple[Sequence[object], ...] = (
    ("", 0),
    ("引号\"'\\ / \b\f\n\r\t\x01\x1f\x7f\x80 €😀\u2028", -1),
    ("[1, null]", 2**63 - 1),
    (Decimal("1.50"), Decimal("-0.001")),
    (Decimal("12345678901234567890.10"), Decimal(0)),
    (date(2026, 1, 31), True),
    (datetime.fromisoformat("2026-01-31T08:00:00"), None),
    (datetime.fromisoformat("2026-01-31T08:00:00.120000"), None),
    (datetime.fromisoformat("2026-01-31T08:00:00.000001+00:00"), None),
)


async def test_postgresql_and_python_spell_a_key_alike(reused_postgresql: str) -> None:
    connection = await asyncpg.connect(reused_postgresql)
    await connection.execute("SET timezone = 'UTC'")
    expression = key_expression(("a", "b"), "t", "postgresql")
    spelt = [
        await connection.fetchval(f"SELECT {expression} FROM (SELECT {_typed(key)}) t", *key) for key in KEYS
    ]
    await connection.close()
    assert spelt == [raw_key(key, "postgresql") for key in KEYS]


def test_what_is_no_key_is_refused_by_its_type_alone() -> None:
    with pytest.raises(TypeError, match="a key column holds float, which is no key"):
        raw_key((1.5,), "sqlite")


_TYPES = {str: "text", int: "bigint", bool: "boolean", Decimal: "numeric", date: "date", type(None): "text"}


def _typed(key: Sequence[object]) -> str:
    def kind(value: object) -> str:
        if isinstance(value, datetime):
            return "timestamptz" if value.tzinfo else "timestamp"
        return _TYPES[type(value)]

    return ", ".join(
        f"${place}::{kind(value)} AS {name}"
        for place, (name, value) in enumerate(zip("ab", key, strict=True), 1)
    )
