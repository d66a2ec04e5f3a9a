"""What only PostgreSQL's writers can do to capture: it follows, or it leaves a mark, and never fails them."""

from urllib.parse import urlsplit

import asyncpg

from services.engine.capture import altered, fit
from services.engine.capture.attach import attach
from services.engine.capture.captured import captures
from services.engine.capture.keys import stored_key
from services.engine.source.sql.ddl import create_tables
from tests.stores import Store, opened
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


async def test_a_table_of_which_a_policy_hides_rows_fits_no_more(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    execute = postgresql_store.program.execute
    await execute("DO $$ BEGIN CREATE ROLE engine LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    await execute("GRANT USAGE ON SCHEMA public TO engine")
    await execute("GRANT SELECT ON ws_tool, ws_loan TO engine")
    address = urlsplit(postgresql_store.url)
    url = address._replace(netloc=f"engine@{address.netloc.rpartition('@')[2]}").geturl()
    async with opened(url) as engine:
        assert await engine.database.read(fit.stale, MAPPINGS) == {}
        await execute("ALTER TABLE ws_tool ENABLE ROW LEVEL SECURITY")
        found = await engine.database.read(fit.stale, MAPPINGS)
    assert [(dataset, misfit.reason) for dataset, misfit in found.items()] == [
        (TOOLS, "row level security hides rows of ws_tool from our role, which needs BYPASSRLS")
    ]


async def test_another_table_under_the_name_is_seen_and_walked(postgresql_store: Store) -> None:
    await shop(postgresql_store)
    database, captured = postgresql_store.database, captures(MAPPINGS)
    for dataset, columns in (await database.read(altered.altered, captured)).items():
        await database.write(altered.note, dataset, columns, fits=True)
    assert await database.read(altered.altered, captured) == {}
    for statement in (
        "CREATE TABLE ws_restored (LIKE ws_tool INCLUDING ALL)",
        "DROP TABLE ws_tool",
        "ALTER TABLE ws_restored RENAME TO ws_tool",
    ):
        await postgresql_store.program.execute(statement)
    assert list(await database.read(altered.altered, captured)) == [TOOLS]


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
    assert await kept(postgresql_store) == []
    assert await marks(postgresql_store) == [(TOOLS, '["t1"]')]


async def test_a_column_that_no_contract_shows_is_kept_nowhere(postgresql_store: Store) -> None:
    program = postgresql_store.program
    await shop(postgresql_store)
    await program.execute("ALTER TABLE ws_tool ADD COLUMN scan bytea")
    await program.execute("INSERT INTO ws_tool (no, scan) VALUES ('t1', decode(repeat('ff', 100000), 'hex'))")
    await program.execute("UPDATE ws_tool SET scan = decode(repeat('fe', 100000), 'hex')")
    assert ["scan" in new for _, new in await kept(postgresql_store)] == [False, False]


async def test_a_table_that_lost_its_name_to_another_leads_to_reading_that_one(
    postgresql_store: Store,
) -> None:
    program = postgresql_store.program
    await shop(postgresql_store)
    for statement in ("CREATE TABLE ws_new (LIKE ws_tool)", "ALTER TABLE ws_tool RENAME TO ws_old"):
        await program.execute(statement)
    await program.execute("ALTER TABLE ws_new RENAME TO ws_tool")
    await program.execute("INSERT INTO ws_old (no) VALUES ('t1'), ('t2')")
    await program.execute("DELETE FROM ws_old WHERE no = 't2'")
    assert await kept(postgresql_store) == []
    assert await marks(postgresql_store) == [(TOOLS, '["t1"]'), (TOOLS, '["t2"]')]


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
