"""Snapshots: a whole dataset is told, whatever breaks it off and whoever writes meanwhile, and nothing for nothing."""

import asyncio
import random
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from schemas.wire import control
from schemas.wire.control import THIN, Contents, SnapshotCompleted, SnapshotStarted, Sum
from schemas.wire.event import Event, body_of
from services.engine.capture import altered, outbox, snapshot
from services.engine.capture.attach import attach
from services.engine.capture.snapshot import Channels, Step
from services.engine.capture.told import digest_of
from services.engine.mapping.model import Mapping
from services.engine.relay import turns
from services.engine.relay.feeds import feeds_of
from services.engine.relay.walking import channels_of
from services.engine.source.sql.ddl import create_tables, insert_rows
from tests import workshop
from tests.flow.events.checker import Told, gone_back
from tests.flow.events.shop import fold
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import (
    GRANTED,
    PUBLIC,
    SHARED,
    make_settings,
    relaying,
    standing,
    told,
)
from tests.stores import Store, drained, open_program
from tests.waiting import breath, until

CONTROL = PUBLIC.replace("public", "control")


class Killed(Exception):
    """A relay that ends in the middle of a transaction."""


def _channels(store: Store, *mappings: Mapping) -> Channels:
    feeds = feeds_of(mappings or workshop.MAPPINGS, make_settings(store), workshop.SECRET)
    return next(channels_of(feed, store.name) for feed in feeds if feed.dataset == workshop.TOOLS)


def _killed(work: Callable[..., Step]) -> Callable[..., None]:
    def begun(connection: Connection, *args: object) -> None:
        work(connection, *args)
        raise Killed

    return begun


async def _tools(store: Store, count: int) -> Store:
    """A workshop with tools that stood before capture."""
    await create_tables(store.url, workshop.MAPPINGS)
    await insert_rows(
        store.url, workshop.MAPPINGS, (("ws_tool", {"no": f"t{n:03}", "nm": f"n{n}"}) for n in range(count))
    )
    await attach(store.database, workshop.MAPPINGS, outbox_limit=10_000)
    return store


@pytest.mark.parametrize("chunk", [1, 3, 5, 7])
async def test_a_relay_killed_at_every_step_tells_each_record_once(store: Store, chunk: int) -> None:
    await _tools(store, 10)
    await store.database.write(snapshot.want, workshop.TOOLS, "a test")
    more = True
    while more:
        args = (store.database.dialect, _channels(store), chunk, 1_000)
        with pytest.raises(Killed):
            await store.database.write(_killed(snapshot.step), *args)
        more = (await store.database.write(snapshot.step, *args)).more
    rows = await store.program.rows(f"SELECT op, raw_key FROM {store.engine('outbox')} ORDER BY id")
    records = [key for op, key in rows if op == "s"]
    assert len(records) == len(set(records)) == 10
    kinds = [key for op, key in rows if op == "k"]
    assert kinds == ["snapshot-started"] * 2 + ["snapshot-completed"] * 2
    assert not await store.database.read(snapshot.due, _channels(store))


async def test_a_topic_begins_with_the_whole_table_and_a_record_that_sums_it_up(
    store: Store, broker: MemoryBroker
) -> None:
    await _tools(store, 120)
    await store.program.execute("UPDATE ws_tool SET nm = ? WHERE no = 't007'", "字" * 30_000)
    async with relaying(store, broker):
        await until(lambda: drained(store))
    started, completed = (
        [one for one in broker.events(CONTROL) if control.kind_of(one) == kind]
        for kind in (control.SNAPSHOT_STARTED, control.SNAPSHOT_COMPLETED)
    )
    said = control.read(completed[0], SnapshotCompleted)
    assert control.read(started[0], SnapshotStarted).id == said.id
    assert said.audiences["public"].count == 120
    assert said.audiences == {
        topic.rpartition(".")[2]: _summed(broker.events(topic)) for topic in (PUBLIC, SHARED, GRANTED)
    }


async def test_many_writers_beside_a_snapshot_see_no_version_go_back(
    store: Store, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_FEW", 7)
    monkeypatch.setattr(turns, "_MANY", 7)
    await _tools(store, 40)
    async with relaying(store, broker, relay_batch=20), asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(_write(store, number))
        for _ in range(4):
            await store.database.write(snapshot.want, workshop.TOOLS, "a test")
            await until(lambda: _ended(store), timeout=30)
    async with relaying(store, broker):
        await until(lambda: drained(store))
    events = broker.events(GRANTED)
    assert gone_back(Told(one.subject, one.order, None) for one in events) == []
    rows = await store.program.rows("SELECT no, nm FROM ws_tool")
    assert fold(broker.events(PUBLIC)) == {
        no.upper(): {"number": no.upper(), "name": name} for no, name in rows
    }


async def test_a_table_that_is_emptied_and_filled_again_tells_the_differences(
    postgresql_store: Store, broker: MemoryBroker
) -> None:
    store = await _tools(postgresql_store, 50)
    async with relaying(store, broker):
        await until(lambda: drained(store))
        before = {one.id for one in broker.events(PUBLIC)}
        async with store.transaction():
            await store.program.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM ws_tool")
            await store.program.execute("TRUNCATE ws_tool")
            await store.program.execute("UPDATE kept SET nm = 'another' WHERE no = 't003'")
            await store.program.execute("DELETE FROM kept WHERE no = 't004'")
            await store.program.execute("INSERT INTO ws_tool SELECT * FROM kept")
        await until(lambda: drained(store))
    news = [one for one in broker.events(PUBLIC) if one.id not in before]
    assert sorted((one.subject, one.type.rpartition(".")[2]) for one in news) == [
        ("T003", "updated"),
        ("T004", "deleted"),
    ]


async def test_what_is_gone_unseen_waits_for_a_person_where_it_is_much(
    postgresql_store: Store, broker: MemoryBroker
) -> None:
    store = await _tools(postgresql_store, 30)
    async with relaying(store, broker, hold_deletes=20):
        await until(lambda: drained(store))
        await store.program.execute("TRUNCATE ws_tool")
        await until(lambda: drained(store))
        assert (await standing(store)).held == 30
        for number in range(15):
            await store.program.insert("ws_tool", no=f"t{number:03}", nm=f"n{number}")
        await until(lambda: drained(store))
        assert (await standing(store)).held == 15
    assert {one.type.rpartition(".")[2] for one in broker.events(PUBLIC)} == {"snapshot"}


async def test_a_new_major_is_told_of_every_record(sqlite_store: Store, broker: MemoryBroker) -> None:
    shop, second = sqlite_store, PUBLIC.replace(".v1.", ".v2.")
    await create_tables(shop.url, workshop.TOOL_MAPPINGS)
    await attach(shop.database, workshop.TOOL_MAPPINGS, outbox_limit=1_000)
    await shop.program.insert("ws_tool", **workshop.HAMMER)
    async with relaying(shop, broker, workshop.TOOL_MAPPINGS[:1]):
        await until(lambda: drained(shop))
    assert broker.events(second) == []
    async with relaying(shop, broker, workshop.TOOL_MAPPINGS):
        await until(lambda: broker.events(second))
        await until(lambda: drained(shop))
        count = len(broker.events(PUBLIC))
    async with relaying(shop, broker, workshop.TOOL_MAPPINGS):
        await shop.program.execute("UPDATE ws_tool SET nm = 'x'")
        await until(lambda: drained(shop))
    assert [deed for deed, _ in told(broker.events(PUBLIC)[count:])] == ["updated"]


async def test_a_minor_version_that_adds_an_item_tells_it_of_every_record(
    sqlite_store: Store, broker: MemoryBroker
) -> None:
    shop = sqlite_store
    before, after = workshop.TOOL_WITHOUT_PRICE, workshop.TOOL_MAPPINGS[0]
    await create_tables(shop.url, [after])
    await attach(shop.database, [before], outbox_limit=1_000)
    await shop.program.insert("ws_tool", **workshop.HAMMER)
    async with relaying(shop, broker, [before]):
        await until(lambda: drained(shop))
    assert [one.data for one in broker.events(SHARED)] == [{"number": "T1", "name": "锤子"}]
    async with relaying(shop, broker, [after]):
        await until(lambda: len(broker.events(SHARED)) == 2)
        await until(lambda: drained(shop))
    assert broker.events(SHARED)[-1].data == {"number": "T1", "name": "锤子", "price": "12.50"}
    said = [one for one in broker.events(CONTROL) if one.subject == control.SNAPSHOT_STARTED]
    assert [SnapshotStarted.model_validate(one.data).reason for one in said][1:] == [snapshot.OTHER_ITEMS]


async def _walked(store: Store, channels: Channels) -> None:
    while (await store.database.write(snapshot.step, store.database.dialect, channels, 100, 1_000)).more:
        pass


@pytest.mark.parametrize("ended", [True, False])
async def test_a_snapshot_of_other_items_counts_for_nobody_who_tells_after_it(
    store: Store, ended: bool
) -> None:
    """A relay of the contract before comes back, tells what it likes, and is gone again before its own walk."""
    await _tools(store, 10)
    before, after = _channels(store, workshop.TOOL_WITHOUT_PRICE), _channels(store)
    await store.database.write(snapshot.show, [after])
    await store.database.write(snapshot.step, store.database.dialect, after, 3, 1_000)
    if ended:
        await _walked(store, after)
    await store.database.write(snapshot.show, [before])
    await store.database.write(snapshot.show, [after])
    walk = await store.database.read(snapshot.under_way, workshop.TOOLS)
    assert walk is not None
    assert (walk.after, walk.forced) == (None, True)
    assert await store.database.read(snapshot.due, after)
    await _walked(store, after)
    await store.database.write(snapshot.show, [after])
    assert not await store.database.read(snapshot.due, after)


async def test_a_walk_that_a_relay_ends_though_another_one_tells_by_now_does_not_count(store: Store) -> None:
    await _tools(store, 10)
    before, after = _channels(store, workshop.TOOL_WITHOUT_PRICE), _channels(store)
    await store.database.write(snapshot.show, [before])
    await store.database.write(snapshot.show, [after])
    await _walked(store, before)
    for one in (after, before):
        await store.database.write(snapshot.show, [one])
        assert await store.database.read(snapshot.due, one)


async def test_a_fresh_change_overtakes_a_snapshot_that_is_long(
    sqlite_store: Store, broker: MemoryBroker
) -> None:
    """Never do more changes wait than one round looks at."""
    shop, waiting = await _tools(sqlite_store, 300), [0]
    async with relaying(shop, broker, relay_batch=150):
        while not await drained(shop):
            waiting.append(len(await shop.database.read(outbox.waiting, 1_000)))
            await breath()
    assert max(waiting) <= 150 + 2


async def test_whoever_shows_other_items_tells_every_record_whatever_else_wants_a_snapshot(
    store: Store,
) -> None:
    """What is news cannot be known of items that a neighbour may have left out of what it sent."""
    await _tools(store, 3)
    before, after = _channels(store, workshop.TOOL_WITHOUT_PRICE), _channels(store)
    for channels in (before, after):
        await store.database.write(snapshot.show, [channels])
    wanted = await store.database.write(snapshot.want, after.dataset, altered.REASON, forced=False)
    assert wanted.forced


async def test_a_column_that_a_contract_gains_or_lacks_for_a_while_is_no_altered_table(store: Store) -> None:
    await _tools(store, 3)
    database = store.database
    await _walked(store, _channels(store))
    for mapping in (workshop.TOOL_WITHOUT_PRICE, workshop.TOOL_MAPPINGS[0], workshop.TOOL_WITHOUT_PRICE):
        captured = [_channels(store, mapping).captured]
        for dataset, columns in (await database.read(altered.altered, captured)).items():
            await database.write(altered.note, dataset, columns, fits=True)
        assert await database.read(snapshot.under_way, captured[0].dataset) is None


def _summed(events: list[Event]) -> Contents:
    """What a subscriber makes of a topic."""
    newest = {one.subject: one for one in events}
    total = Sum()
    for subject, event in newest.items():
        if not event.deleted:
            total.add(subject, THIN if event.dataref else digest_of(body_of(event.data) or b""))
    return total.contents


async def _write(store: Store, number: int) -> None:
    """Three of these have every third tool each."""
    chance, program = random.Random(number), await open_program(store.url)
    for _ in range(40):
        no = f"t{3 * chance.randrange(14) + number:03}"
        await program.execute("BEGIN" if store.name == "postgresql" else "BEGIN IMMEDIATE")
        await program.execute("DELETE FROM ws_tool WHERE no = ?", no)
        if chance.random() < 0.8:
            await program.insert("ws_tool", no=no, nm=f"n{chance.randrange(1_000)}")
        await program.execute("ROLLBACK" if chance.random() < 0.1 else "COMMIT")
        await asyncio.to_thread(lambda: None)
    await program.close()


async def _ended(store: Store) -> bool:
    return await store.database.read(snapshot.under_way, workshop.TOOLS) is None
