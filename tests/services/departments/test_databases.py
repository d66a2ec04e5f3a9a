"""Seeded databases: drivers and capture's JSON give what reads as the seeder meant it, on SQLite and PostgreSQL."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.cli.world.seeding import seed
from services.departments import load
from services.engine.capture.keys import sqlite_json
from services.engine.mapping.model import Mapping, Stored
from services.engine.source.sql.ddl import create_tables, insert_rows
from services.engine.synthetic.population import Size
from tests.postgresql import FreshDatabase
from tests.services.departments import folder
from tests.services.departments.folder import KINDS, Record, Row

_SIZE = Size(enterprises=30, residents=60)


def _expected(kind: str, one: Mapping) -> list[Record]:
    rows = load(kind, "seed").rows(_SIZE)
    return _sorted(one, [folder.read(one, row) for name, row in rows if name == one.table.name])


def _sorted(one: Mapping, records: Sequence[Record]) -> list[Record]:
    return sorted(records, key=lambda record: [str(record[item]) for item in one.contract.key])


def _read(one: Mapping, rows: Sequence[Row]) -> list[Record]:
    return _sorted(one, [folder.read(one, row) for row in rows])


def _json(text: str) -> dict[str, Any]:
    return dict(json.loads(text, parse_float=Decimal))


@pytest.mark.parametrize("kind", KINDS)
def test_a_sqlite_file_reads_as_it_was_seeded(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    count = seed(kind, f"sqlite:///{path}", _SIZE)
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        for one in folder.mappings(kind):
            expected = _expected(kind, one)
            rows = [dict(row) for row in connection.execute(f"SELECT * FROM {one.table.name}")]
            assert _read(one, rows) == expected
            members = ", ".join(f"'{column}', json({sqlite_json(column)})" for column in one.table.columns)
            captured = connection.execute(f"SELECT json_object({members}) FROM {one.table.name}")
            assert _read(one, [_json(row[0]) for row in captured]) == expected
    assert count == len(list(load(kind, "seed").rows(_SIZE)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_postgresql_database_reads_as_it_was_seeded(kind: str, fresh_postgresql: FreshDatabase) -> None:
    url = fresh_postgresql()
    seed(kind, url, _SIZE)

    async def check() -> None:
        connection = await asyncpg.connect(url)
        for one in folder.mappings(kind):
            expected = _expected(kind, one)
            rows = [dict(row) for row in await connection.fetch(f"SELECT * FROM {one.table.name}")]
            assert _read(one, rows) == expected
            captured = await connection.fetch(f"SELECT to_jsonb(t)::text FROM {one.table.name} t")
            assert _read(one, [_json(row[0]) for row in captured]) == expected
        await connection.close()

    asyncio.run(check())


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_world_can_be_seeded(kind: str, tmp_path: Path) -> None:
    assert seed(kind, f"sqlite:///{tmp_path / 'records.sqlite'}", Size().scaled(0)) >= 0


def test_a_row_that_fits_no_table_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    one = folder.mappings(KINDS[0])[0]
    key: dict[str, Stored] = dict.fromkeys(one.table.key, "1")
    asyncio.run(create_tables(url, [one]))
    for odd in ((one.table.name, {**key, "shoe_size": "43"}), ("shoes", key)):
        with pytest.raises(ValueError, match=f"a row for {odd[0]} does not fit the mapped tables"):
            asyncio.run(insert_rows(url, [one], [(one.table.name, key), odd]))
    assert asyncio.run(insert_rows(url, [one], [(one.table.name, key)])) == 1
