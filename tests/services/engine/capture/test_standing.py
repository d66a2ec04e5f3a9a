"""What health learns of capture and relay, and what tells the relay that there may be work."""

from pathlib import Path

from services.engine.capture import dirty, status
from services.engine.capture.attach import attach
from services.engine.capture.captured import captures
from services.engine.capture.status import capture_status
from services.engine.source.sql.ddl import create_tables
from tests.stores import Store, opened
from tests.workshop import HAMMER, MAPPINGS, TOOLS


async def shop(store: Store) -> None:
    await create_tables(store.url, MAPPINGS)
    await attach(store.database, MAPPINGS, outbox_limit=1_000)


async def test_status_counts_what_waits(store: Store) -> None:
    await shop(store)
    captured = captures(MAPPINGS)
    found = await capture_status(store.database, captured)
    assert (found.unsent, found.oldest_unsent_seconds, found.parked, found.dirty) == (0, 0.0, 0, 0)
    assert (found.missing, found.relay) == ((), None)
    for number in range(3):
        await store.program.insert("ws_tool", **{**HAMMER, "no": f"t{number}"})
    outbox = store.engine("outbox")
    await store.program.execute(f"UPDATE {outbox} SET at = '2026-01-31T00:00:00.000Z' WHERE id = 2")
    await store.program.execute(f"UPDATE {outbox} SET sent_at = 1 WHERE id = 1")
    await store.program.execute(f"UPDATE {outbox} SET parked_because = 'a reason' WHERE id = 3")
    await store.database.write(dirty.mark, TOOLS, ["*"])
    found = await capture_status(store.database, captured)
    assert (found.unsent, found.parked, found.dirty) == (1, 1, 1)
    assert found.oldest_unsent_seconds > 86_400
    assert 0 <= found.oldest_mark_seconds < 10
    await store.program.execute(f"UPDATE {store.engine('dirty')} SET at = '2026-01-31T00:00:00.000Z'")
    assert (await capture_status(store.database, captured)).oldest_mark_seconds > 86_400


async def test_the_relays_word_grows_old(store: Store) -> None:
    await shop(store)
    await store.database.write(status.say, "the broker is away")
    found = (await capture_status(store.database, ())).relay
    assert found is not None
    assert found.trouble == "the broker is away"
    assert 0 <= found.age_seconds < 10


async def test_a_change_by_any_program_is_noticed(store: Store) -> None:
    await shop(store)
    await store.database.changed()
    assert not await store.database.changed()
    await store.program.insert("ws_tool", **HAMMER)
    assert await store.database.changed()


async def test_the_engine_makes_sqlite_let_readers_and_a_writer_be(tmp_path: Path) -> None:
    """By the write-ahead log, which the file keeps; without it whoever reads holds up whoever writes."""
    async with opened(f"sqlite:///{tmp_path / 'records.sqlite'}") as store:
        await attach(store.database, (), outbox_limit=1_000)
        assert await store.program.rows("PRAGMA journal_mode") == [("wal",)]
