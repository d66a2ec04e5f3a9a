"""Marked records are read again without standing in a writer's way, and without losing a change made meanwhile."""

import asyncio

from services.engine.capture import dirty
from services.engine.capture.attach import attach
from services.engine.capture.captured import captures
from services.engine.capture.tables import EVERY_KEY
from services.engine.source.sql.ddl import create_tables
from tests.stores import Program, Store, open_program
from tests.waiting import until
from tests.workshop import HAMMER, TOOL_MAPPINGS, TOOLS

[CAPTURED] = captures(TOOL_MAPPINGS)


async def shop(store: Store) -> None:
    await create_tables(store.url, TOOL_MAPPINGS)
    await attach(store.database, TOOL_MAPPINGS, outbox_limit=1_000)


async def read_again(store: Store) -> int:
    return await store.database.write(
        dirty.read_again, store.database.dialect, CAPTURED, 100, settle_ms=0, hold_deletes=1_000
    )


async def told(store: Store) -> list[tuple[str, int]]:
    """Op and version of every outbox row."""
    rows = await store.program.rows(f"SELECT op, version FROM {store.engine('outbox')} ORDER BY id")
    return [(op, version) for op, version in rows]


async def sent(store: Store) -> None:
    """As if the relay had sent all that waits."""
    await store.program.execute(f"UPDATE {store.engine('outbox')} SET sent_at = 1")


async def mark(store: Store, *keys: str) -> None:
    await store.database.write(dirty.mark, TOOLS, keys)


async def test_a_record_that_stands_is_told_anew_under_a_version_of_its_own(store: Store) -> None:
    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await sent(store)
    await mark(store, '["t1"]')
    assert await read_again(store) == 1
    assert await told(store) == [("c", 1), ("u", 2)]
    await mark(store, '["t1"]')
    assert await read_again(store) == 1
    assert await told(store) == [("c", 1), ("u", 2)]
    assert await read_again(store) == 0


async def test_a_forced_mark_has_the_record_told_whatever_the_audiences_know(store: Store) -> None:
    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await store.database.write(dirty.mark, TOOLS, ['["t1"]'], forced=True)
    await mark(store, '["t1"]')
    assert await read_again(store) == 1
    assert await told(store) == [("c", 1), ("s", 2)]


async def test_a_record_that_is_gone_is_told_as_deleted_once(store: Store) -> None:
    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await store.program.execute("DELETE FROM ws_tool")
    await sent(store)
    await store.program.execute(f"UPDATE {store.engine('record')} SET deleted = {_no(store)}")
    for _ in range(2):
        await mark(store, '["t1"]')
        await read_again(store)
    assert await told(store) == [("c", 1), ("d", 2), ("d", 3)]


async def test_a_mark_on_what_never_was_goes_without_a_word(store: Store) -> None:
    await shop(store)
    await mark(store, '["t9"]')
    assert await read_again(store) == 1
    assert await told(store) == []
    assert await read_again(store) == 0


async def test_all_is_told_of_a_record_once_neither_a_change_of_it_nor_a_mark_waits(store: Store) -> None:
    async def all_told(record_id: str = "t1") -> bool:
        return await store.database.read(dirty.all_told, TOOLS, record_id)

    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await sent(store)
    assert not await all_told(), "no record has this id yet"
    await store.program.execute(f"UPDATE {store.engine('record')} SET pseudonym = 't1'")
    assert await all_told()
    assert not await all_told("t2")
    await store.program.execute(f"UPDATE {store.engine('outbox')} SET sent_at = NULL")
    assert not await all_told()
    await store.program.execute(f"UPDATE {store.engine('outbox')} SET parked_because = 'a fault'")
    assert not await all_told(), "it is set aside"
    await sent(store)
    for raw_key, told_still in (('["t1"]', False), (EVERY_KEY, False), ('["t2"]', True)):
        await mark(store, raw_key)
        assert await all_told() is told_still
        await store.program.execute(f"DELETE FROM {store.engine('dirty')}")


async def test_a_record_that_a_writer_holds_keeps_its_mark(postgresql_store: Store) -> None:
    store = postgresql_store
    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await mark(store, '["t1"]')
    writer = await open_program(store.url)
    await writer.execute("BEGIN")
    await writer.execute("UPDATE ws_tool SET nm = 'x'")
    assert await read_again(store) == 0
    assert await told(store) == [("c", 1)]
    await writer.execute("COMMIT")
    await writer.close()
    await read_again(store)
    assert await told(store) == [("c", 1), ("u", 2)]


async def test_a_change_whose_capture_fails_while_its_record_is_read_again_is_marked_anew(
    postgresql_store: Store,
) -> None:
    """The mark is locked before the record is read, so this writer's mark waits, and comes after."""
    store = postgresql_store
    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await store.program.execute(
        "ALTER TABLE langqiao.outbox ADD CONSTRAINT broken CHECK (tx IS NULL) NOT VALID"
    )
    await mark(store, '["t1"]')
    writer = await open_program(store.url)
    await store.program.execute("BEGIN")
    await store.program.rows("SELECT 1 FROM langqiao.dirty FOR UPDATE")
    writing = asyncio.create_task(writer.execute("UPDATE ws_tool SET nm = 'uncaptured'"))
    # On a connection of its own: within a transaction PostgreSQL shows the same activity again and again.
    watcher = await open_program(store.url)
    await until(lambda: _waits(watcher, "UPDATE ws_tool%"), what="the writer waits for the mark")
    await watcher.close()
    await store.program.execute("DELETE FROM langqiao.dirty")
    await store.program.execute("COMMIT")
    await writing
    await writer.close()
    assert await read_again(store) == 1
    [(new,)] = await store.program.rows("SELECT new FROM langqiao.outbox WHERE version = 2")
    assert "uncaptured" in new


async def test_whoever_empties_the_table_and_fills_it_is_not_stood_in_the_way_of(
    postgresql_store: Store,
) -> None:
    """He has the table and wants its records' rows: who had these and wanted the table would cost him his capture."""
    store = postgresql_store
    await shop(store)
    await store.program.insert("ws_tool", **HAMMER)
    await mark(store, '["t1"]')
    writer, watcher = await open_program(store.url), await open_program(store.url)
    await writer.execute("BEGIN")
    await writer.execute("TRUNCATE ws_tool")
    reading = asyncio.create_task(read_again(store))
    await until(lambda: _waits(watcher, "SELECT%ws_tool%"), what="the reader waits for the table")
    await writer.insert("ws_tool", **HAMMER)
    await writer.execute("COMMIT")
    await reading
    await writer.close()
    await watcher.close()
    assert ("c", 2) in await told(store)


async def _waits(watcher: Program, what: str) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE ?"
    return bool(await watcher.rows(waiting, what))


def _no(store: Store) -> str:
    return "0" if store.name == "sqlite" else "false"
