"""A database that goes back, after a backup was restored or a follower took over that lacked the end: it is noticed, a
new epoch begins, and every record is told anew above whatever its subscribers have."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from schemas.wire.event import Event
from services.engine.capture import state
from services.engine.relay.broker import CannotPublish
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying
from tests.stores import Store, drained, opened
from tests.waiting import until

CONTROL = PUBLIC.replace("public", "control")


async def test_a_restored_backup_begins_an_epoch_in_which_every_record_is_told(
    shop: Store, broker: MemoryBroker, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.sqlite"
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="t1", nm="before")
        await shop.program.insert("ws_tool", no="t2", nm="stays")
        await until(lambda: drained(shop))
    await shop.program.execute(f"VACUUM INTO '{backup}'")
    async with relaying(shop, broker):
        await shop.program.execute("UPDATE ws_tool SET nm = 'after' WHERE no = 't1'")
        await until(lambda: drained(shop))
    async with _reopened(backup, tmp_path) as restored, relaying(restored, broker):
        await until(lambda: _in_epoch(broker, 2, {"T1", "T2"}))
        await restored.program.execute("UPDATE ws_tool SET nm = 'goes on' WHERE no = 't2'")
        await until(lambda: drained(restored))
    folded = _fold(broker.events(PUBLIC))
    assert {subject: one.data["name"] for subject, one in folded.items() if one.data} == {
        "T1": "before",
        "T2": "goes on",
    }
    numbers = [int(one.sequence) for one in broker.events(PUBLIC) if one.recordepoch == 2]
    assert min(numbers) > max(int(one.sequence) for one in broker.events(PUBLIC) if one.recordepoch == 1)
    assert next(one.type.rpartition(".")[2] for one in broker.events(CONTROL) if one.recordepoch == 2) == (
        "epoch-began"
    )


async def test_a_change_that_waited_in_the_backup_is_told_in_the_new_epoch_only(
    shop: Store, broker: MemoryBroker, tmp_path: Path
) -> None:
    """Its version may have told of something else since."""
    backup = tmp_path / "backup.sqlite"
    await shop.program.insert("ws_tool", no="t1", nm="waits in the backup")
    await shop.program.execute(f"VACUUM INTO '{backup}'")
    await shop.program.execute("UPDATE ws_tool SET nm = 'lost'")
    async with relaying(shop, broker):
        await until(lambda: drained(shop))
    async with _reopened(backup, tmp_path) as restored, relaying(restored, broker):
        await until(lambda: _in_epoch(broker, 2, {"T1"}))
        await until(lambda: drained(restored))
    told = [(one.order, one.data and one.data["name"]) for one in broker.events(PUBLIC)]
    assert [order for order, _ in told if order[0] == 1] == [(1, 1), (1, 2)]
    assert told[-1][1] == "waits in the backup"


async def test_a_database_that_falls_back_under_a_relay_at_work_is_noticed(
    shop: Store, broker: MemoryBroker
) -> None:
    """As behind an address that moves from a primary to a follower."""
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="t1", nm="a")
        await until(lambda: drained(shop))
        await shop.program.execute("UPDATE ws_tool SET nm = 'b'")
        await until(lambda: drained(shop))
        await shop.database.write(state.put, {"sequence.workshop.tools": "1"})
        await shop.program.execute("UPDATE ws_tool SET nm = 'c'")
        await until(lambda: _in_epoch(broker, 2, {"T1"}))


async def test_a_restored_backup_whose_topics_are_gone_too_is_told_above_what_subscribers_have(
    shop: Store, broker: MemoryBroker, tmp_path: Path
) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="t1", nm="before")
        await until(lambda: drained(shop))
        await shop.program.execute(f"VACUUM INTO '{tmp_path / 'backup.sqlite'}'")
        for number in range(3):
            await shop.program.execute(f"UPDATE ws_tool SET nm = 'after {number}'")
            await until(lambda: drained(shop))
    held = max(broker.events(PUBLIC), key=lambda one: one.order)
    broker.logs.clear()
    async with _reopened(tmp_path / "backup.sqlite", tmp_path) as restored, relaying(restored, broker):
        await until(lambda: _in_epoch(broker, 2, {"T1"}))
        await until(lambda: drained(restored))
    newest = max(broker.events(PUBLIC), key=lambda one: one.order)
    assert newest.order > held.order
    assert newest.data is not None
    assert newest.data["name"] == "before"


async def test_a_number_that_was_given_and_never_sent_is_no_reason_for_an_epoch(
    shop: Store, broker: MemoryBroker
) -> None:
    def fall_back_before_it_is_sent() -> None:
        with closing(sqlite3.connect(shop.url.removeprefix("sqlite:///"), isolation_level=None)) as primary:
            primary.execute("UPDATE lq_outbox SET sequence = NULL, told = NULL")
            primary.execute("DELETE FROM lq_told")
            primary.execute("UPDATE lq_state SET value = '0' WHERE name = 'sequence.workshop.tools'")
        raise CannotPublish("the connection is lost")

    broker.surprises.append(fall_back_before_it_is_sent)
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="t1", nm="a")
        await until(lambda: drained(shop))
    assert broker.surprises == []
    assert {one.recordepoch for one in broker.events(PUBLIC)} == {1}


@asynccontextmanager
async def _reopened(backup: Path, folder: Path) -> AsyncIterator[Store]:
    """The backup in place of what was lost."""
    restored = folder / "restored.sqlite"
    shutil.copy(backup, restored)
    async with opened(f"sqlite:///{restored}") as store:
        await store.program.execute(f"UPDATE {store.engine('lease')} SET until = 0")
        yield store


async def _in_epoch(broker: MemoryBroker, epoch: int, subjects: set[str]) -> bool:
    return {one.subject for one in broker.events(PUBLIC) if one.recordepoch == epoch} >= subjects


def _fold(events: list[Event]) -> dict[str, Event]:
    newest: dict[str, Event] = {}
    for one in events:
        if one.subject not in newest or one.order >= newest[one.subject].order:
            newest[one.subject] = one
    return newest
