"""What a full disk does to capture: on PostgreSQL the department's writers go on, and what could not be kept is read
again; on SQLite, where our tables stand in the same file, a write fails whole, as it would without us."""

import sqlite3

import pytest

from services.engine.capture.attach import attach
from services.engine.source.sql.ddl import create_tables
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying
from tests.stores import SqliteProgram, Store, drained, sqlite_store
from tests.waiting import until
from tests.workshop import HAMMER, MAPPINGS, TOOLS

__all__ = ["sqlite_store"]

#: As PostgreSQL says it where a table can no longer grow: a tablespace of ours that is full.
_FULL = (
    "CREATE FUNCTION langqiao.full_disk() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
)


async def _shop(store: Store) -> None:
    await create_tables(store.url, MAPPINGS)
    await attach(store.database, MAPPINGS, outbox_limit=1_000)


async def _fill_up(store: Store, *tables: str) -> None:
    await store.program.execute(_FULL)
    for table in tables:
        await store.program.execute(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON langqiao.{table}"
            " FOR EACH ROW EXECUTE FUNCTION langqiao.full_disk()"
        )


async def _make_room(store: Store) -> None:
    await store.program.execute("DROP FUNCTION langqiao.full_disk() CASCADE")


@pytest.mark.parametrize("full", ["record", "outbox"])
async def test_what_postgresql_could_not_keep_is_marked_and_told_later(
    postgresql_store: Store, full: str
) -> None:
    store, broker = postgresql_store, MemoryBroker()
    await _shop(store)
    await _fill_up(store, full)
    await store.program.insert("ws_tool", **HAMMER)
    await store.program.execute("UPDATE ws_tool SET nm = '大锤'")
    marks = await store.program.rows("SELECT dataset, raw_key FROM langqiao.dirty")
    assert marks == [(TOOLS, '["t1"]')]
    await _make_room(store)
    async with relaying(store, broker):
        await until(lambda: drained(store))
    assert [one.data for one in broker.events(PUBLIC)] == [{"number": "T1", "name": "大锤"}]


async def test_where_postgresql_can_keep_nothing_of_ours_the_writer_goes_on(postgresql_store: Store) -> None:
    store = postgresql_store
    await _shop(store)
    await _fill_up(store, "record", "outbox", "dirty")
    async with store.transaction():
        await store.program.insert("ws_tool", **HAMMER)
        await store.program.execute("UPDATE ws_tool SET nm = '大锤'")
    assert await store.program.rows("SELECT nm FROM ws_tool") == [("大锤",)]


async def test_a_write_that_sqlite_has_no_room_for_fails_whole_and_leaves_table_and_outbox_in_step(
    sqlite_store: Store,
) -> None:
    store = sqlite_store
    await _shop(store)
    assert isinstance(store.program, SqliteProgram)
    [(pages,)] = await store.program.rows("PRAGMA page_count")
    await store.program.rows(f"PRAGMA max_page_count = {pages + 8}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await _insert(store, 10_000)
    await _in_step(store)
    await store.program.rows("PRAGMA max_page_count = 1000000")
    await store.program.insert("ws_tool", no="later", nm="x")
    await _in_step(store)


async def _insert(store: Store, count: int) -> None:
    for number in range(count):
        await store.program.insert("ws_tool", no=f"t{number}", nm="x" * 200)


async def _in_step(store: Store) -> None:
    [(written,)] = await store.program.rows("SELECT count(*) FROM ws_tool")
    [(captured,)] = await store.program.rows("SELECT count(*) FROM lq_outbox")
    assert written == captured > 0
