"""A node's topics have one writer: a second database under its id is refused, until a person lets it take over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.wire import control
from schemas.wire.control import EpochBegan, ParkedChange, Writer
from schemas.wire.event import Event
from services.engine.capture import incarnation
from services.engine.capture.attach import attach
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.flow.events.shop import fold
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, standing
from tests.stores import Store, drained, opened
from tests.waiting import until

CONTROL = PUBLIC.replace("public", "control")


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Store]:
    """Another database of the same department, with a tool more."""
    async with opened(f"sqlite:///{tmp_path / 'other.sqlite'}") as made:
        await create_tables(made.url, workshop.MAPPINGS)
        await made.program.insert("ws_tool", no="t2", nm="钳子")
        await attach(made.database, workshop.MAPPINGS, outbox_limit=1_000)
        yield made


async def _trouble(store: Store) -> str:
    found = (await standing(store)).relay
    return found.trouble if found is not None else ""


def _writers(broker: MemoryBroker) -> list[str]:
    found = [one for one in broker.events(CONTROL) if control.kind_of(one) == control.WRITER]
    return [control.read(one, Writer).incarnation for one in found]


async def test_the_first_thing_that_a_control_topic_says_is_who_writes_it(
    shop: Store, broker: MemoryBroker
) -> None:
    for _ in range(2):
        async with relaying(shop, broker):
            await shop.program.execute("INSERT OR REPLACE INTO ws_tool (no) VALUES ('t1')")
            await until(lambda: drained(shop))
    own = await shop.database.write(incarnation.own)
    assert _writers(broker) == [own.id]
    assert control.kind_of(broker.events(CONTROL)[0]) == control.WRITER


async def test_a_second_database_under_one_id_is_refused_until_a_person_lets_it_take_over(
    shop: Store, other: Store, broker: MemoryBroker
) -> None:
    await shop.program.insert("ws_tool", **workshop.HAMMER)
    await shop.program.execute(f"UPDATE {shop.engine('state')} SET value = '5' WHERE name = 'epoch'")
    async with relaying(shop, broker):
        await until(lambda: drained(shop))
    async with relaying(other, broker):
        assert "two nodes with one id are refused" in await until(lambda: _trouble(other))
        assert {one.subject for one in broker.events(PUBLIC)} == {"T1"}
        await other.database.write(incarnation.allow_taking_over)
        await until(lambda: drained(other))
    assert _writers(broker)[-1] == (await other.database.write(incarnation.own)).id
    began = [one for one in broker.events(CONTROL) if control.kind_of(one) == control.EPOCH_BEGAN]
    assert control.read(began[-1], EpochBegan).reason == "another database takes over"
    assert began[-1].recordepoch == 6
    assert fold(broker.events(PUBLIC))["T2"] == {"number": "T2", "name": "钳子"}
    async with relaying(shop, broker):
        assert "two nodes with one id are refused" in await until(lambda: _trouble(shop))


async def test_of_two_copies_of_one_database_one_is_refused_and_a_person_says_which(
    shop: Store, broker: MemoryBroker, tmp_path: Path
) -> None:
    """They have one id, and each finds itself behind what the other has written."""
    await shop.program.insert("ws_tool", no="t1", nm="0")
    async with relaying(shop, broker):
        await until(lambda: drained(shop))
    await shop.program.execute(f"VACUUM INTO '{tmp_path / 'copy.sqlite'}'")
    async with opened(f"sqlite:///{tmp_path / 'copy.sqlite'}") as copy:
        await copy.program.execute("UPDATE lq_lease SET until = 0")
        both = (shop, copy)

        async def either_refused() -> bool:
            for one in both:
                await one.program.execute("UPDATE ws_tool SET nm = nm || 'x'")
            return any(["a copy of this database" in await _trouble(one) for one in both])

        quickly = {"broker_check_seconds": 1}
        async with relaying(shop, broker, **quickly), relaying(copy, broker, **quickly):
            await until(either_refused, timeout=30)
            assert max(one.recordepoch for one in broker.events(PUBLIC)) <= 4
            await shop.database.write(incarnation.allow_taking_over)
            await until(lambda: drained(shop))
            await copy.program.execute("UPDATE ws_tool SET nm = 'of the copy'")
            assert "another database writes" in await until(lambda: _refused(copy))
            await shop.program.execute("UPDATE ws_tool SET nm = 'of the shop'")
            await until(lambda: drained(shop))
    assert fold(broker.events(PUBLIC))["T1"] == {"number": "T1", "name": "of the shop"}


async def _refused(store: Store) -> str:
    said = await _trouble(store)
    return said if "another database writes" in said else ""


async def test_a_change_that_waits_is_named_on_the_control_topic_until_it_waits_no_longer(
    shop: Store, broker: MemoryBroker
) -> None:
    broker.refuses = frozenset({b"T1"})
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await shop.program.execute("UPDATE ws_tool SET nm = 'x'")
        [event] = await until(lambda: _parked(broker), what="the change is named")
        assert control.read(event, ParkedChange).reason == "too large"
        broker.refuses = frozenset()
        await shop.program.execute(f"UPDATE {shop.engine('outbox')} SET parked_because = NULL")
        await until(lambda: len(_parked(broker)) == 2, what="it is said to wait no longer")
    named, resolved = _parked(broker)
    assert (named.subject, resolved.deleted) == (resolved.subject, True)


def _parked(broker: MemoryBroker) -> list[Event]:
    return [one for one in broker.events(CONTROL) if control.kind_of(one) == control.PARKED]
