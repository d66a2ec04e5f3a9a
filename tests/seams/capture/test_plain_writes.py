"""One suite for both databases: what a department's old programs do to their own tables is captured exactly."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from services.engine.capture.attach import attach
from services.engine.capture.keys import stored_key
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Text
from services.engine.mapping.model import Mapping
from tests.stores import SqliteProgram, Store
from tests.workshop import contract, item

DATASET = "workshop.things"
COLUMNS = ("k", "n", "txt", "whole", "broken", "num", "at", "raw")
#: The last five are no text; the codecs of a mapping do not matter to capture, which keeps what is stored.
TYPES = {"sqlite": ("REAL", "BLOB"), "postgresql": ("double precision", "bytea")}


def things() -> Mapping:
    """A table with a key of two columns, the second a number, and columns of every sort."""
    made = contract(DATASET, 1, tuple(item(name) for name in COLUMNS), ("k", "n"))
    physical = table("thing", key="k n", text=" ".join(COLUMNS))
    return mapping(made, physical, {name: (name, Text()) for name in COLUMNS})


@dataclass(frozen=True)
class Kept:
    """An outbox row as a test reads it."""

    key: tuple[Any, ...]
    version: int
    op: str
    new: dict[str, Any] | None


@pytest.fixture
async def things_store(store: Store) -> Store:
    real, blob = TYPES[store.name]
    await store.program.execute(
        f"CREATE TABLE thing (k text, n integer, txt text, whole bigint, broken {real}, num numeric(12,2),"
        f" at timestamp, raw {blob}, PRIMARY KEY (k, n))"
    )
    await attach(store.database, [things()], outbox_limit=1_000)
    return store


async def kept(store: Store) -> list[Kept]:
    """The whole outbox, in order."""
    rows = await store.program.rows(
        f"SELECT raw_key, version, op, new FROM {store.engine('outbox')} ORDER BY id"
    )
    return [Kept(stored_key(key), version, op, _row(new)) for key, version, op, new in rows]


def _row(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.loads(text, parse_float=Decimal)


async def test_an_insert_is_a_create_with_the_whole_row(things_store: Store) -> None:
    await things_store.program.insert("thing", k="a", n=1, txt="字", whole=7)
    [change] = await kept(things_store)
    assert (change.key, change.version, change.op) == (("a", 1), 1, "c")
    assert change.new == dict.fromkeys(COLUMNS) | {"k": "a", "n": 1, "txt": "字", "whole": 7}


async def test_an_update_keeps_the_row_as_it_then_stands(things_store: Store) -> None:
    await things_store.program.insert("thing", k="a", n=1, txt="before")
    await things_store.program.execute("UPDATE thing SET txt = ? WHERE k = ?", "after", "a")
    change = (await kept(things_store))[-1]
    assert (change.key, change.version, change.op) == (("a", 1), 2, "u")
    assert change.new is not None
    assert change.new["txt"] == "after"


async def test_a_delete_keeps_no_row_and_the_record_lives_on_as_deleted(things_store: Store) -> None:
    await things_store.program.insert("thing", k="a", n=1, txt="gone")
    await things_store.program.execute("DELETE FROM thing")
    change = (await kept(things_store))[-1]
    assert (change.version, change.op, change.new) == (2, "d", None)
    [record] = await things_store.program.rows(
        f"SELECT version, deleted FROM {things_store.engine('record')}"
    )
    assert (record[0], bool(record[1])) == (2, True)


async def test_a_record_that_comes_back_goes_on_counting(things_store: Store) -> None:
    for _ in range(2):
        await things_store.program.insert("thing", k="a", n=1)
        await things_store.program.execute("DELETE FROM thing")
    assert [(one.op, one.version) for one in await kept(things_store)] == [
        ("c", 1),
        ("d", 2),
        ("c", 3),
        ("d", 4),
    ]


async def test_a_changed_key_is_a_delete_of_the_old_and_a_create_of_the_new(things_store: Store) -> None:
    await things_store.program.insert("thing", k="a", n=1, txt="moved")
    await things_store.program.execute("UPDATE thing SET n = 2")
    assert [(one.key, one.op, one.version) for one in (await kept(things_store))[1:]] == [
        (("a", 1), "d", 2),
        (("a", 2), "c", 1),
    ]


async def test_what_is_rolled_back_leaves_no_trace(things_store: Store) -> None:
    async with things_store.transaction(rolled_back=True):
        await things_store.program.insert("thing", k="a", n=1)
    assert await kept(things_store) == []
    assert await things_store.program.rows(f"SELECT * FROM {things_store.engine('record')}") == []


async def test_a_bulk_statement_is_captured_row_by_row(things_store: Store) -> None:
    async with things_store.transaction():
        for number in range(200):
            await things_store.program.insert("thing", k="bulk", n=number)
        await things_store.program.execute("UPDATE thing SET whole = n")
    changes = await kept(things_store)
    assert len(changes) == 400
    assert {(one.key[1], one.version) for one in changes} == {(n, v) for n in range(200) for v in (1, 2)}


async def test_all_rows_deleted_at_once_are_all_captured(things_store: Store) -> None:
    for number in range(3):
        await things_store.program.insert("thing", k="a", n=number)
    await things_store.program.execute("DELETE FROM thing")
    assert sorted(one.key[1] for one in await kept(things_store) if one.op == "d") == [0, 1, 2]


async def test_an_insert_over_an_existing_key_arrives_as_the_new_row(things_store: Store) -> None:
    await things_store.program.insert("thing", k="a", n=1, txt="first")
    if isinstance(things_store.program, SqliteProgram):
        await things_store.program.execute("REPLACE INTO thing (k, n, txt) VALUES ('a', 1, 'second')")
    else:
        await things_store.program.execute(
            "INSERT INTO thing (k, n, txt) VALUES ('a', 1, 'second')"
            " ON CONFLICT (k, n) DO UPDATE SET txt = excluded.txt"
        )
    change = (await kept(things_store))[-1]
    assert change.new is not None
    assert (change.key, change.version, change.new["txt"]) == (("a", 1), 2, "second")


@dataclass(frozen=True)
class Odd:
    """A value that capture must keep exactly, and what the outbox's JSON then holds."""

    what: str
    column: str
    value: object
    kept: object


ODD_VALUES = (
    Odd("the largest 64-bit integer", "whole", 2**63 - 1, 2**63 - 1),
    Odd("the smallest 64-bit integer", "whole", -(2**63), -(2**63)),
    Odd("a real to its last bit", "broken", 0.1 + 0.2, 0.1 + 0.2),
    Odd("the smallest real", "broken", 5e-324, 5e-324),
    Odd("the largest real", "broken", 1.7976931348623157e308, 1.7976931348623157e308),
    Odd("an infinite real", "broken", math.inf, math.inf),
    Odd("an amount", "num", Decimal("1200.10"), 1200.1),
    Odd(
        "microseconds",
        "at",
        datetime.fromisoformat("2026-01-31T08:00:00.000001"),
        "2026-01-31 08:00:00.000001",
    ),
    Odd("bytes", "raw", b"\x00\xff\x7f", "00ff7f"),
    Odd("every sort of character", "txt", "引号\"'\\ \n\t\x01\x1f\x7f €😀", "引号\"'\\ \n\t\x01\x1f\x7f €😀"),
    Odd("empty text, which is not null", "txt", "", ""),
    Odd("text that looks like JSON", "txt", '{"a": [1]}', '{"a": [1]}'),
    Odd("a null mark", "txt", "\\N", "\\N"),
)


async def test_odd_values_are_kept_exactly(things_store: Store) -> None:
    for number, odd in enumerate(ODD_VALUES):
        await things_store.program.insert("thing", k="a", n=number, **{odd.column: odd.value})
    for odd, change in zip(ODD_VALUES, await kept(things_store), strict=True):
        assert change.new is not None
        found = change.new[odd.column]
        assert _SPELLINGS.get(odd.column, _as_it_is)(found) == odd.kept, odd.what


def _as_it_is(found: object) -> object:
    return found


#: What the two databases spell differently without losing anything, made alike by column.
_SPELLINGS: dict[str, Callable[[Any], object]] = {
    "broken": float,
    "num": float,
    "at": lambda found: found.replace("T", " "),
    "raw": lambda found: found.removeprefix("\\x").lower(),
}


async def test_odd_keys_find_their_row_again(things_store: Store) -> None:
    keys = ["", " a ", "引号\"'\\", "\x01\x1f\n", "€😀", "[1]", "null"]
    for key in keys:
        await things_store.program.insert("thing", k=key, n=0)
    assert [one.key for one in await kept(things_store)] == [(key, 0) for key in keys]


async def test_the_capture_clock_is_rfc_3339_in_utc(things_store: Store) -> None:
    await things_store.program.insert("thing", k="a", n=1)
    [(at,)] = await things_store.program.rows(f"SELECT at FROM {things_store.engine('outbox')}")
    assert at.endswith("Z")
    assert datetime.fromisoformat(at).tzinfo is not None


async def test_beyond_the_ceiling_one_mark_per_record_is_kept(store: Store) -> None:
    await store.program.execute(
        "CREATE TABLE thing (k text, n integer, txt text, whole text, broken text, num text, at text, raw text,"
        " PRIMARY KEY (k, n))"
    )
    await attach(store.database, [things()], outbox_limit=5)
    for number in range(9):
        await store.program.insert("thing", k="a", n=number)
    for _ in range(2):
        await store.program.execute("UPDATE thing SET txt = 'x' WHERE n >= 5")
    assert len(await kept(store)) <= 6
    marks = await store.program.rows(f"SELECT raw_key FROM {store.engine('dirty')}")
    whole = {one.key[1] for one in await kept(store)}
    assert {stored_key(key)[1] for (key,) in marks} | whole == set(range(9))
    assert len(marks) == len(set(marks)) == 9 - len(whole - {5})
    versions = f"SELECT version FROM {store.engine('record')} WHERE raw_key LIKE '%8]'"
    assert await store.program.rows(versions) == [(3,)]
