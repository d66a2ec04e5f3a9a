"""What only PostgreSQL's writers can do to capture: it follows, or it leaves a mark, and never fails them."""

import asyncpg

from services.engine.capture.attach import attach
from services.engine.capture.keys import stored_key
from services.engine.source.sql.ddl import create_tables
from tests.stores import Store
from tests.workshop import HAMMER, MAPPINGS, TOOLS


async def shop(store: Store) -> None:
    await create_tables(store.url, MAPPINGS)
    await attach(store.database, MAPPINGS, outbox_limit=1_000)


async def marks(store: Store) -> list[tuple[str, str]]:
    return [
        tuple(row)
        for row in await store.program.rows("SELECT dataset, raw_key FROM langqiao.dirty ORDER BY 2")
    ]


async def kept(store: Store) -> list[tuple[str, str]]:
    """Op and row of every outbox row."""
    return [tuple(row) for row in await store.program.rows("SELECT op, new FROM langqiao.outbox ORDER BY id")]


async def test_truncate_marks_every_record(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    await postgresql_store.program.insert("ws_tool", **HAMMER)
    await postgresql_store.program.execute("TRUNCATE ws_tool")
    assert await marks(postgresql_store) == [(TOOLS, "*")]


async def test_copy_is_captured_row_by_row(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    connection = await asyncpg.connect(postgresql_store.url)
    await connection.copy_records_to_table("ws_tool", columns=["no", "nm"], records=[("a", "x"), ("b", "y")])
    await connection.close()
    assert [op for op, _ in await kept(postgresql_store)] == ["c", "c"]


async def test_a_dropped_column_never_fails_the_writer(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    await postgresql_store.program.execute("ALTER TABLE ws_tool DROP COLUMN nm")
    await postgresql_store.program.insert("ws_tool", no="t1", remark="x")
    [(op, new)] = await kept(postgresql_store)
    assert op == "c"
    assert '"nm"' not in new


async def test_a_dropped_key_column_marks_every_record_and_never_fails_the_writer(
    postgresql_store: Store,
) -> None:
    await shop(postgresql_store)
    await postgresql_store.program.execute("ALTER TABLE ws_tool DROP COLUMN no CASCADE")
    await postgresql_store.program.execute("INSERT INTO ws_tool (nm) VALUES ('keyless')")
    assert await kept(postgresql_store) == []
    assert await marks(postgresql_store) == [(TOOLS, "*")]


async def test_a_broken_outbox_marks_the_record_and_never_fails_the_writer(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    await postgresql_store.program.execute("ALTER TABLE langqiao.outbox RENAME TO elsewhere")
    await postgresql_store.program.insert("ws_tool", **HAMMER)
    [(dataset, raw)] = await marks(postgresql_store)
    assert (dataset, stored_key(raw)) == (TOOLS, ("t1",))


async def test_a_broken_engine_never_fails_the_writer(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    await postgresql_store.program.execute("DROP TABLE langqiao.outbox, langqiao.dirty, langqiao.record")
    await postgresql_store.program.insert("ws_tool", **HAMMER)
    assert len(await postgresql_store.program.rows("SELECT 1 FROM ws_tool")) == 1


async def test_tables_in_a_schema_of_the_departments_own_and_a_program_without_any_right_to_ours(
    postgresql_store: Store,
) -> None:
    program = postgresql_store.program
    [(database,)] = await program.rows("SELECT current_database()")
    await program.execute("CREATE SCHEMA depot")
    await program.execute(f"ALTER DATABASE {database} SET search_path = depot")
    await program.execute("DROP ROLE IF EXISTS clerk")
    await program.execute("CREATE ROLE clerk LOGIN")
    try:
        await shop(postgresql_store)
        await program.execute("GRANT USAGE ON SCHEMA depot TO clerk")
        await program.execute("GRANT INSERT ON depot.ws_tool TO clerk")
        clerk = await asyncpg.connect(postgresql_store.url)
        await clerk.execute("SET SESSION AUTHORIZATION clerk")
        await clerk.execute("INSERT INTO depot.ws_tool (no, nm) VALUES ('t1', 'x')")
        await clerk.close()
        assert [op for op, _ in await kept(postgresql_store)] == ["c"]
    finally:
        await program.execute(f"ALTER DATABASE {database} RESET search_path")
        await program.execute("DROP SCHEMA depot CASCADE")
        await program.execute("DROP ROLE clerk")


async def test_what_a_session_is_set_to_changes_nothing_that_is_kept(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    at = "'2026-01-31 08:00:00'"
    await postgresql_store.program.execute(f"INSERT INTO ws_loan (who, n, lent) VALUES ('a', 1, {at})")
    strange = await asyncpg.connect(postgresql_store.url)
    await strange.execute(
        "SET timezone = 'America/New_York'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601';"
        " SET bytea_output = 'escape'; SET extra_float_digits = -15; SET search_path = pg_temp, public;"
        " CREATE TEMP TABLE outbox (id integer); CREATE TEMP TABLE record (id integer)"
    )
    await strange.execute(f"INSERT INTO public.ws_loan (who, n, lent) VALUES ('b', 1, {at})")
    await strange.close()
    first, second = await kept(postgresql_store)
    assert second[1] == first[1].replace('"a"', '"b"')


async def test_a_writer_under_serializable_or_repeatable_read_is_captured_or_marked(
    postgresql_store: Store,
) -> None:
    await shop(postgresql_store)
    await postgresql_store.program.insert("ws_tool", **HAMMER)
    slow = await asyncpg.connect(postgresql_store.url)
    transaction = slow.transaction(isolation="repeatable_read")
    await transaction.start()
    await slow.fetch("SELECT 1 FROM ws_tool")
    await postgresql_store.program.execute("UPDATE langqiao.record SET pseudonym = 'touched since'")
    await slow.execute("UPDATE ws_tool SET nm = 'x'")
    await transaction.commit()
    await slow.close()
    assert [raw for _, raw in await marks(postgresql_store)] == ['["t1"]']
