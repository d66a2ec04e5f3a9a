"""The parts that SQL is made of, held to Python's own: offsets of zones, patterns, amounts as sortable texts."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.query.semantics import like
from services.engine.mapping.spelling import instant
from services.engine.source.sql.patterns import globbed
from services.engine.source.sql.sqlite_twins import amount_text
from services.engine.source.sql.zones import steps

_LOCAL = st.datetimes(datetime(1850, 2, 1), datetime(2099, 12, 1))  # noqa: DTZ001 times on a wall
_ALPHABET = "aAbé甬%_*?[]^\\-"
_PATTERNS = st.text(st.sampled_from(_ALPHABET), max_size=6).filter(
    lambda one: (len(one) - len(one.rstrip("\\"))) % 2 == 0
)
#: Two places, as a column holds them; and any number of places, as a question asks.
_KEPT = st.decimals(-(10**24), 10**24, places=2)
_ASKED = st.decimals(allow_nan=False, allow_infinity=False) | _KEPT


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


@given(
    local=_LOCAL,
    zone=st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/New_York", "UTC"]),
)
def test_a_zones_steps_give_the_instants_that_codecs_read(local: datetime, zone: str) -> None:
    offset = next(offset for start, offset in steps(zone) if local >= start)
    assert (local - offset).replace(tzinfo=UTC) == instant(local, zone)


@given(pattern=_PATTERNS, text=st.text(st.sampled_from(_ALPHABET), max_size=6))
def test_a_pattern_means_in_sqlite_what_it_means_in_postgresql(
    database: sqlite3.Connection, pattern: str, text: str
) -> None:
    (seen,) = database.execute("SELECT ? GLOB ?", (text, globbed(pattern))).fetchone()
    (folded,) = database.execute(r"SELECT ? LIKE ? ESCAPE '\'", (text, pattern)).fetchone()
    assert (bool(seen), bool(folded)) == (like(pattern, text, fold=False), like(pattern, text, fold=True))


@given(kept=_KEPT, asked=_ASKED)
def test_amounts_sort_as_texts_as_they_do_as_numbers(kept: Decimal, asked: Decimal) -> None:
    one, other = amount_text(kept, 2), amount_text(asked, 2)
    assert (one < other, one == other) == (kept < asked, kept == asked)
