"""Tables of every sort on PostgreSQL: trees of partitions, odd columns, long names, older triggers, a full outbox."""

import random

import pytest

from services.engine.capture.attach import attach, detach
from services.engine.capture.captured import captures
from services.engine.capture.status import capture_status
from tests.seams.capture.parts import DATASET, amiss, captured, marks, parts, standing, told
from tests.stores import Store, open_program

_PARTITIONED = (
    "CREATE TABLE part (no integer, nm text) PARTITION BY LIST (nm)",
    "CREATE TABLE old_part PARTITION OF part FOR VALUES IN ('old')",
    "CREATE TABLE new_part PARTITION OF part DEFAULT",
    "INSERT INTO part SELECT n, 'old' FROM generate_series(1, 6) n",
)
_INHERITED = (
    "CREATE TABLE anything (no integer PRIMARY KEY, nm text)",
    "CREATE TABLE part (PRIMARY KEY (no)) INHERITS (anything)",
    "INSERT INTO part SELECT n, 'old' FROM generate_series(1, 6) n",
)
_ON_TRIGGERS = "FROM pg_trigger WHERE tgrelid = 'part'::regclass AND NOT tgisinternal"


@pytest.mark.parametrize(
    "does",
    [
        "INSERT INTO part SELECT n, 'old' FROM generate_series(7, 9) n",
        "INSERT INTO old_part VALUES (7, 'old'), (8, 'old')",
        "UPDATE part SET nm = 'new' WHERE no < 3",
        "UPDATE old_part SET no = no + 10 WHERE no < 3",
        "DELETE FROM old_part WHERE no < 3",
        "BEGIN; UPDATE part SET nm = 'new'; UPDATE new_part SET nm = 'newer'; UPDATE part SET nm = 'old'; COMMIT",
        "MERGE INTO part p USING generate_series(5, 8) n ON p.no = n"
        " WHEN MATCHED THEN UPDATE SET nm = 'x' WHEN NOT MATCHED THEN INSERT VALUES (n, 'new')",
    ],
)
async def test_what_is_written_to_a_partition_by_either_name_is_captured(
    postgresql_store: Store, does: str
) -> None:
    store = await captured(postgresql_store, *_PARTITIONED)
    stood = await standing(store)
    await store.program.execute(does)
    assert await told(store) != []
    assert await amiss(store, stood) == []
    assert await marks(store) == []


async def test_what_is_written_to_an_inheriting_table_by_either_name_is_captured(
    postgresql_store: Store,
) -> None:
    store = await captured(postgresql_store, *_INHERITED)
    stood = await standing(store)
    await store.program.execute("UPDATE anything SET nm = 'x' WHERE no < 3")
    await store.program.execute("DELETE FROM part WHERE no = 3")
    assert await told(store) == [(1, "u"), (2, "u"), (3, "d")]
    assert await amiss(store, stood) == []


async def test_a_table_that_becomes_a_partition_is_noticed_and_captured_anew(postgresql_store: Store) -> None:
    store = await captured(postgresql_store)
    mappings = [parts(columns=("no", "nm", "big", "other"))]
    of_parts = captures(mappings)
    assert (await capture_status(store.database, of_parts)).missing == ()
    await store.program.execute(
        "CREATE TABLE whole (no integer, nm text, big integer, other integer) PARTITION BY RANGE (no)"
    )
    await store.program.execute("ALTER TABLE whole ATTACH PARTITION part FOR VALUES FROM (0) TO (100)")
    assert (await capture_status(store.database, of_parts)).missing == (DATASET,)
    await attach(store.database, mappings, outbox_limit=10_000)
    assert (await capture_status(store.database, of_parts)).missing == ()
    stood = await standing(store)
    await store.program.execute("UPDATE whole SET nm = 'x' WHERE no < 3")
    assert await told(store) == [(1, "u"), (2, "u")]
    assert await amiss(store, stood) == []


async def test_triggers_of_an_earlier_release_give_way_while_readers_read(postgresql_store: Store) -> None:
    store = await captured(postgresql_store)
    await store.program.execute(
        "DROP FUNCTION langqiao.capture_workshop_parts() CASCADE;"
        " CREATE FUNCTION langqiao.capture_workshop_parts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'older than this test'; END $$;"
        " CREATE TRIGGER langqiao_workshop_parts AFTER INSERT OR UPDATE OR DELETE ON part"
        " FOR EACH ROW EXECUTE FUNCTION langqiao.capture_workshop_parts();"
        " CREATE TRIGGER langqiao_workshop_parts_emptied AFTER TRUNCATE ON part"
        " FOR EACH STATEMENT EXECUTE FUNCTION langqiao.capture_workshop_parts();"
        f" UPDATE langqiao.state SET value = 'older' WHERE name = 'capture.{DATASET}'"
    )
    reader = await open_program(store.url)
    await reader.execute("BEGIN")
    await reader.rows("SELECT * FROM part")
    await attach(store.database, [parts()], outbox_limit=10_000)
    await reader.execute("COMMIT")
    await reader.close()
    levels = await store.program.rows(
        f"SELECT count(*), count(*) FILTER (WHERE tgtype & 1 = 1) {_ON_TRIGGERS}"
    )
    assert levels == [(4, 0)]
    await store.program.execute("UPDATE part SET nm = 'x' WHERE no < 3")
    assert await told(store) == [(1, "u"), (2, "u")]


async def test_columns_may_be_called_as_what_our_functions_speak_of(postgresql_store: Store) -> None:
    odd = (
        "n",
        "o",
        "r",
        "t",
        "k",
        "w",
        "one",
        "told",
        "again",
        "ops",
        "op",
        "raw_key",
        "stands",
        "many",
        "100%",
    )
    columns = ", ".join(f'"{name}" text' for name in odd)
    store = await captured(
        postgresql_store, f"CREATE TABLE part (no integer PRIMARY KEY, nm text, {columns})"
    )
    await store.program.execute(
        "INSERT INTO part (no, n, o, t, raw_key) SELECT n, 'n', 'o', 't', 'r' FROM generate_series(1, 3) n"
    )
    await store.program.execute("UPDATE part SET no = no + 10, one = 'x', again = 'y'")
    await store.program.execute("DELETE FROM part WHERE no = 11")
    assert await amiss(store, {}) == []
    assert await marks(store) == []


async def test_long_names_stay_apart(postgresql_store: Store) -> None:
    store = postgresql_store
    await store.program.execute("CREATE TABLE part (no integer PRIMARY KEY, nm text)")
    long = [parts(f"workshop.{'很' * 18}{'s' * 9}{which}") for which in "ab"]
    await attach(store.database, long, outbox_limit=1_000)
    assert await store.program.rows(f"SELECT count(*) {_ON_TRIGGERS}") == [(8,)]
    await store.program.execute("INSERT INTO part VALUES (1), (2)")
    datasets = await store.program.rows("SELECT dataset, count(*) FROM langqiao.outbox GROUP BY 1 ORDER BY 1")
    assert datasets == [(one.contract.dataset, 2) for one in long]
    await detach(store.database, long)
    assert await store.program.rows(f"SELECT count(*) {_ON_TRIGGERS}") == [(0,)]


@pytest.mark.parametrize(
    "does", ["INSERT INTO part (nm) VALUES ('a'), ('b')", "UPDATE part SET nm = 'x'", "DELETE FROM part"]
)
async def test_a_key_column_that_goes_under_a_writer_marks_every_record(
    postgresql_store: Store, does: str
) -> None:
    store = await captured(postgresql_store)
    await store.program.execute(
        "UPDATE part SET nm = nm; INSERT INTO part VALUES (9); DELETE FROM part WHERE no = 9"
    )
    before = await told(store)
    await store.program.execute("ALTER TABLE part DROP COLUMN no CASCADE")
    await store.program.execute(does)
    assert await marks(store) == ["*"]
    assert await told(store) == before


async def test_a_key_column_may_be_retyped_under_a_writer(postgresql_store: Store) -> None:
    store = await captured(postgresql_store)
    await store.program.execute("UPDATE part SET nm = 'x'; DELETE FROM part WHERE no = 6")
    await store.program.execute("ALTER TABLE part ALTER COLUMN no TYPE text")
    await store.program.execute("UPDATE part SET nm = 'y' WHERE no < '3'; DELETE FROM part WHERE no = '2'")
    assert await marks(store) == []
    assert (await told(store))[-3:] == [("1", "u"), ("2", "u"), ("2", "d")]


async def test_a_statement_that_does_not_fit_into_the_outbox_leaves_marks_alone(
    postgresql_store: Store,
) -> None:
    store = await captured(postgresql_store, limit=4)
    await store.program.execute("UPDATE part SET nm = 'x'")
    assert await told(store) == []
    assert await marks(store) == [f"[{no}]" for no in range(1, 7)]
    await store.program.execute("UPDATE part SET nm = 'x' WHERE no < 4")
    assert await told(store) == [(no, "u") for no in range(1, 4)]
    versions = "SELECT raw_key, version FROM langqiao.record ORDER BY 1"
    assert [version for _, version in await store.program.rows(versions)] == [3, 3, 3, 2, 2, 2]


async def test_a_record_that_one_transaction_changes_again_and_again_fills_no_outbox(
    postgresql_store: Store,
) -> None:
    store = await captured(postgresql_store, limit=4)
    async with store.transaction():
        for turn in range(20):
            await store.program.execute("UPDATE part SET nm = ? WHERE no = 1", f"x{turn}")
            await store.program.execute("UPDATE part SET nm = ? WHERE no < 3", f"y{turn}")
    assert len(await told(store)) <= 5
    assert await marks(store) == ["[1]", "[2]"]


@pytest.mark.parametrize("seed", range(4))
async def test_random_statements_lead_to_the_table(postgresql_store: Store, seed: int) -> None:
    store, chance = await captured(postgresql_store), random.Random(seed)
    stood = await standing(store)
    for _ in range(40):
        async with store.transaction(rolled_back=chance.random() < 0.2):
            for _ in range(chance.randint(1, 3)):
                await store.program.execute(_some_statement(chance))
    assert await amiss(store, stood) == []
    assert await marks(store) == []


def _some_statement(chance: random.Random) -> str:
    first, text = chance.randrange(12), f"n{chance.randrange(1_000)}"
    last = first + chance.choice((0, 0, 1, 5))
    these, numbers = f"no BETWEEN {first} AND {last}", f"generate_series({first}, {last}) n"
    over = "ON CONFLICT (no) DO"
    return chance.choice(
        (
            f"INSERT INTO part SELECT n, '{text}' FROM {numbers} {over} NOTHING",
            f"INSERT INTO part SELECT n, '{text}' FROM {numbers} {over} UPDATE SET nm = excluded.nm",
            f"UPDATE part SET nm = '{text}' WHERE {these}",
            f"UPDATE part SET no = -no WHERE {these} AND NOT EXISTS (SELECT 1 FROM part p WHERE p.no = -part.no)",
            f"DELETE FROM part WHERE {these}",
            f"MERGE INTO part p USING {numbers} ON p.no = n WHEN MATCHED AND n % 2 = 0 THEN DELETE"
            f" WHEN MATCHED THEN UPDATE SET nm = '{text}' WHEN NOT MATCHED THEN INSERT VALUES (n, '{text}')",
            f"WITH gone AS (DELETE FROM part WHERE {these} RETURNING no)"
            f" INSERT INTO part SELECT no, '{text}' FROM gone LIMIT {chance.randrange(3)}",
        )
    )
