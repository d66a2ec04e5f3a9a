"""Attaching and detaching: idempotent, beside writers at work, and honest about what was missed."""

import asyncio
import random

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.engine.capture import dirty, reconciling, snapshot
from services.engine.capture.attach import CannotAttach, attach, detach, forget_others
from services.engine.capture.captured import captures
from services.engine.capture.database import DatabaseAway, open_database
from services.engine.capture.keys import stored_key
from services.engine.capture.status import capture_status
from services.engine.capture.tables import engine_tables, place
from services.engine.source.sql.ddl import create_tables, insert_rows
from tests.stores import Store, open_program
from tests.workshop import HAMMER, LOANS, MAPPINGS, TOOL_MAPPINGS, TOOLS

_LIMIT = 1_000


@pytest.fixture
async def shop(store: Store) -> Store:
    """The workshop's tables, not captured yet."""
    await create_tables(store.url, MAPPINGS)
    return store


async def records(store: Store) -> dict[tuple[object, ...], tuple[int, int, bool]]:
    """Epoch, version and deleted by key."""
    rows = await store.program.rows(f"SELECT raw_key, epoch, version, deleted FROM {store.engine('record')}")
    return {stored_key(raw): (epoch, version, bool(deleted)) for raw, epoch, version, deleted in rows}


async def count(store: Store, table: str) -> int:
    [(found,)] = await store.program.rows(f"SELECT count(*) FROM {store.engine(table)}")
    return int(found)


async def test_the_migrations_make_exactly_the_tables_that_the_code_knows(shop: Store) -> None:
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)

    def difference(connection: Connection) -> list[object]:
        prefix, schema = place(connection.dialect.name)
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == schema,
                "include_object": lambda _, name, kind, __, ___: kind != "table" or name.startswith(prefix),
                "version_table": f"{prefix}alembic_version",
                "version_table_schema": schema,
            },
        )
        found: list[object] = compare_metadata(context, engine_tables(connection.dialect.name).metadata)
        return [one for one in found if "ws_" not in str(one)]

    assert await shop.database.read(difference) == []


async def test_attaching_again_changes_nothing(shop: Store) -> None:
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    await shop.program.insert("ws_tool", **HAMMER)
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    await shop.program.execute("UPDATE ws_tool SET nm = 'x'")
    assert await records(shop) == {("t1",): (1, 2, False)}
    assert await count(shop, "outbox") == 2
    assert await count(shop, "dirty") == 0


async def test_every_row_that_stands_gets_a_record_row(shop: Store) -> None:
    await insert_rows(shop.url, MAPPINGS, (("ws_loan", {"who": f"字{n % 7}", "n": n}) for n in range(2_345)))
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    assert await records(shop) == {(f"字{n % 7}", n): (1, 1, False) for n in range(2_345)}
    assert await count(shop, "outbox") == 0


async def test_attaching_beside_writers_misses_nobody(shop: Store) -> None:
    await insert_rows(shop.url, MAPPINGS, (("ws_tool", {"no": f"t{n:04}"}) for n in range(1_500)))
    chance, attached = random.Random(1), asyncio.Event()
    writer = await open_program(shop.url)

    async def write() -> None:
        while not attached.is_set():
            no = f"t{chance.randrange(1_600):04}"
            await writer.execute("DELETE FROM ws_tool WHERE no = ?", no)
            if chance.random() < 0.6:
                await writer.insert("ws_tool", no=no, nm="written meanwhile")
            await asyncio.to_thread(lambda: None)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        await attach(shop.database, MAPPINGS, outbox_limit=100_000)
        attached.set()
    await writer.close()
    standing = {(no,) for (no,) in await shop.program.rows("SELECT no FROM ws_tool")}
    known = await records(shop)
    assert {key for key, (_, _, deleted) in known.items() if not deleted} == standing
    assert await count(shop, "dirty") == 0


async def test_a_table_that_lacks_a_column_is_refused_before_any_trigger_stands(shop: Store) -> None:
    await shop.program.execute("ALTER TABLE ws_tool DROP COLUMN holder")
    with pytest.raises(CannotAttach, match=r"workshop.tools: the table ws_tool has no column holder"):
        await attach(shop.database, TOOL_MAPPINGS, outbox_limit=_LIMIT)
    await shop.program.insert("ws_tool", no="t1")


async def test_a_table_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(CannotAttach, match=r"there is no table ws_loan"):
        await attach(store.database, MAPPINGS, outbox_limit=_LIMIT)


async def test_after_detaching_the_departments_programs_meet_nothing_of_ours(shop: Store) -> None:
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    await detach(shop.database, MAPPINGS)
    await shop.program.insert("ws_tool", **HAMMER)
    assert await count(shop, "outbox") == 0
    found = await capture_status(shop.database, captures(MAPPINGS))
    assert set(found.missing) == {TOOLS, LOANS}


async def test_after_a_gap_in_capture_everything_is_read_again(shop: Store) -> None:
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    await shop.program.insert("ws_tool", **HAMMER)
    await detach(shop.database, TOOL_MAPPINGS)
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    walk = await shop.database.read(snapshot.under_way, TOOLS)
    assert walk is not None
    assert (walk.reason, walk.forced) == ("capture had a gap", False)
    await shop.program.execute("UPDATE ws_tool SET nm = 'x'")
    assert await records(shop) == {("t1",): (1, 2, False)}


async def test_a_dataset_that_is_mapped_no_more_is_forgotten_and_told_whole_when_it_comes_back(
    shop: Store,
) -> None:
    others = [one for one in MAPPINGS if one.contract.dataset != TOOLS]
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    await shop.program.insert("ws_tool", **HAMMER)
    await shop.program.insert("ws_loan", who="a", n=1)
    await shop.database.write(dirty.mark, TOOLS, ['["t9"]'])
    await forget_others(shop.database, others)
    await shop.program.execute("UPDATE ws_tool SET nm = 'x'")
    await shop.program.insert("ws_loan", who="b", n=1)
    assert await shop.program.rows(f"SELECT DISTINCT dataset FROM {shop.engine('outbox')}") == [(LOANS,)]
    assert await count(shop, "dirty") == 0
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    assert (await capture_status(shop.database, captures(MAPPINGS))).missing == ()
    walk = await shop.database.read(snapshot.under_way, TOOLS)
    assert walk is not None
    assert walk.forced
    assert TOOLS in await shop.database.read(reconciling.due, [TOOLS], 0)


async def test_who_works_on_a_table_that_is_mapped_no_more_is_not_kept_waiting(
    postgresql_store: Store,
) -> None:
    await create_tables(postgresql_store.url, MAPPINGS)
    await attach(postgresql_store.database, MAPPINGS, outbox_limit=_LIMIT)
    others = [one for one in MAPPINGS if one.contract.dataset != TOOLS]
    writer = await open_program(postgresql_store.url)
    await writer.execute("BEGIN")
    await writer.insert("ws_tool", **HAMMER)
    await forget_others(postgresql_store.database, others)
    await writer.execute("COMMIT")
    await writer.close()
    assert await count(postgresql_store, "outbox") == 1
    await forget_others(postgresql_store.database, others)
    assert await count(postgresql_store, "outbox") == 0


async def test_a_lost_trigger_is_seen_and_put_back(shop: Store) -> None:
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    if shop.name == "sqlite":
        await shop.program.execute("DROP TRIGGER lq_workshop_tools_deleted")
    else:
        await shop.program.execute("ALTER TABLE ws_tool DISABLE TRIGGER langqiao_workshop_tools")
    assert (await capture_status(shop.database, captures(MAPPINGS))).missing == (TOOLS,)
    await attach(shop.database, MAPPINGS, outbox_limit=_LIMIT)
    assert (await capture_status(shop.database, captures(MAPPINGS))).missing == ()


async def test_a_new_column_in_the_mapping_replaces_the_triggers_without_a_gap(shop: Store) -> None:
    await attach(shop.database, TOOL_MAPPINGS[:1], outbox_limit=_LIMIT)
    await attach(shop.database, TOOL_MAPPINGS, outbox_limit=_LIMIT)
    await shop.program.insert("ws_tool", **HAMMER)
    [(new,)] = await shop.program.rows(f"SELECT new FROM {shop.engine('outbox')}")
    assert '"made"' in new
    assert await count(shop, "dirty") == 0


async def test_a_locked_table_is_waited_for_while_its_writers_go_on(postgresql_store: Store) -> None:
    await create_tables(postgresql_store.url, MAPPINGS)
    writer = await open_program(postgresql_store.url)
    await writer.execute("BEGIN")
    await writer.insert("ws_tool", **HAMMER)
    attaching = asyncio.create_task(attach(postgresql_store.database, MAPPINGS, outbox_limit=_LIMIT))
    await asyncio.wait([attaching], timeout=1.5)
    assert not attaching.done()
    await postgresql_store.program.insert("ws_tool", no="t2")
    await writer.execute("COMMIT")
    await writer.close()
    await attaching
    assert await records(postgresql_store) == {("t1",): (1, 1, False), ("t2",): (1, 1, False)}


async def test_two_services_may_attach_at_once(postgresql_store: Store) -> None:
    await create_tables(postgresql_store.url, MAPPINGS)
    await asyncio.gather(
        *(attach(postgresql_store.database, MAPPINGS, outbox_limit=_LIMIT) for _ in range(3))
    )
    assert (await capture_status(postgresql_store.database, captures(MAPPINGS))).missing == ()


async def test_a_database_that_is_away_is_said_to_be_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere")
    database = open_database(f"postgresql://postgres@/none?host={nowhere}")
    with pytest.raises(DatabaseAway):
        await database.read(lambda connection: None)
    await database.close()
