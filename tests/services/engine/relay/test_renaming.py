"""Another pseudonym key while a relay works: every record is told by its new id, none stays under its old one, and no
order goes back, whoever writes and whatever dies meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemas.wire.event import Event
from services.engine.capture import naming
from services.engine.capture.database import open_database
from services.engine.capture.keys import raw_key
from services.engine.capture.naming import Namer
from services.engine.pseudonym_keys import PseudonymKey, PseudonymKeys, open_keys, write_keys
from services.engine.relay.feeds import feeds_of
from services.engine.relay.loop import Relay
from tests import workshop
from tests.flow.events.checker import Told, altered, gone_back
from tests.flow.events.shop import fold
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import make_settings, relaying, standing
from tests.stores import Store, drained
from tests.waiting import breath, until

SHARED, GRANTED, CONTROL = (
    f"dev.{workshop.DIVISION}.{workshop.LOANS}.v1.{audience}" for audience in ("shared", "granted", "control")
)
TOOLS = f"dev.{workshop.DIVISION}.{workshop.TOOLS}.v1.shared"
OLD, NEW = PseudonymKey(workshop.SECRET), PseudonymKey(b"n" * 32)
_LOANS = workshop.MAPPINGS[2]


@dataclass
class Lending:
    """The workshop's loans, whose records are named by the keys of a file."""

    store: Store
    broker: MemoryBroker
    path: Path

    def rotate(self, *keys: PseudonymKey) -> None:
        self.path.write_bytes(write_keys(keys))

    async def write(self, chance: random.Random, writes: int) -> None:
        for _ in range(writes):
            place = (f"w{chance.randrange(5)}", chance.randrange(3))
            await self.store.program.execute("DELETE FROM ws_loan WHERE who = ? AND n = ?", *place)
            if chance.random() < 0.7:
                await self.store.program.insert("ws_loan", who=place[0], n=place[1])

    async def named_by(self, key: PseudonymKey) -> dict[str, dict[str, Any]]:
        """What members should have, by ids of a key."""
        namer = Namer(_LOANS, PseudonymKeys((key,)))
        rows = await self.store.program.rows("SELECT who, n FROM ws_loan")
        return {namer(raw_key(row, self.store.name)): {"count": row[1]} for row in rows}

    async def is_told_by(self, key: PseudonymKey) -> bool:
        """Whether a key names, and all is told and kept so."""
        turns = (await self.store.database.read(naming.stand)).turns
        return bool(turns) and turns[-1].fingerprint == key.fingerprint and await drained(self.store)

    async def holds(self, key: PseudonymKey) -> None:
        """Every topic folds to the table under the ids of a key, and nothing else; none of it ever went back."""
        expected = await self.named_by(key)
        assert fold(self.broker.events(SHARED)) == expected
        assert fold(self.broker.events(GRANTED)).keys() == expected.keys()
        for topic in (SHARED, GRANTED, TOOLS):
            told = _told(self.broker.events(topic))
            assert (gone_back(told), altered(told)) == ([], [])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(OLD.secret)
    return path


async def test_every_record_is_told_by_its_new_id_and_taken_back_under_its_old_one(
    each_shop: Store, broker: MemoryBroker, path: Path
) -> None:
    lending, chance = Lending(each_shop, broker, path), random.Random(1)
    await each_shop.program.insert("ws_tool", no="t1", nm="a tool")
    async with relaying(each_shop, broker, keys=open_keys(path)):
        await lending.write(chance, 20)
        await until(lambda: lending.is_told_by(OLD))
        await lending.holds(OLD)
        lending.rotate(NEW, OLD)
        await lending.write(chance, 20)
        await until(lambda: lending.is_told_by(NEW))
        await lending.write(chance, 20)
        await until(lambda: lending.is_told_by(NEW))
    await lending.holds(NEW)
    began = [one for one in broker.events(CONTROL) if one.type.endswith("epoch-began")]
    assert [one.data and one.data["reason"] for one in began] == ["records are named by another key"]
    assert {one.recordepoch for one in broker.events(TOOLS)} == {1}, "public keys are named by none"


async def test_rows_that_are_found_by_either_id_bear_the_new_one_once_all_are_told(
    each_shop: Store, broker: MemoryBroker, path: Path
) -> None:
    lending = Lending(each_shop, broker, path)
    async with relaying(each_shop, broker, keys=open_keys(path)):
        await lending.write(random.Random(2), 20)
        await until(lambda: lending.is_told_by(OLD))
        lending.rotate(NEW, OLD)
        await until(lambda: lending.is_told_by(NEW))
        await until(lambda: _named(each_shop, lending))
    old, new = await lending.named_by(OLD), await lending.named_by(NEW)
    also = await each_shop.program.rows(f"SELECT record_id FROM {each_shop.engine('alias')}")
    assert {one for (one,) in also} >= old.keys()
    assert old.keys().isdisjoint(new)


async def test_a_record_that_a_writer_holds_meanwhile_is_renamed_when_he_is_done(
    postgresql_shop: Store, broker: MemoryBroker, path: Path
) -> None:
    """Nobody waits for him, nor he for anybody."""
    lending = Lending(postgresql_shop, broker, path)
    async with relaying(postgresql_shop, broker, keys=open_keys(path)):
        await lending.write(random.Random(4), 20)
        await until(lambda: lending.is_told_by(OLD))
        async with postgresql_shop.transaction():
            await postgresql_shop.program.execute("UPDATE ws_loan SET lent = '2026-01-31' WHERE n = 1")
            await postgresql_shop.program.insert("ws_loan", who="new", n=9)
            lending.rotate(NEW, OLD)
            await until(lambda: _taken_back(broker, lending))
        await until(lambda: lending.is_told_by(NEW))
        await until(lambda: _named(postgresql_shop, lending))
    await lending.holds(NEW)


@pytest.mark.parametrize("seed", range(3))
async def test_a_relay_may_die_at_any_step_of_it(
    shop: Store, broker: MemoryBroker, path: Path, seed: int
) -> None:
    lending, chance = Lending(shop, broker, path), random.Random(seed)
    await lending.write(chance, 25)
    for life in range(9):
        if life == 2:
            lending.rotate(NEW, OLD)
        async with _mortal(lending, chance.randint(2, 30)) as work:
            await lending.write(chance, chance.randint(1, 10))
            broker.surprises = [*[bool] * chance.randrange(25), work.cancel]
            for _ in range(chance.randrange(150)):
                await asyncio.to_thread(lambda: None)
                await breath()
    broker.surprises.clear()
    await shop.program.execute(f"UPDATE {shop.engine('lease')} SET until = 0")
    async with relaying(shop, broker, keys=open_keys(path)):
        await until(lambda: lending.is_told_by(NEW), timeout=20)
    await lending.holds(NEW)


async def test_what_a_broker_lost_is_sent_again_under_the_ids_of_its_time(
    shop: Store, broker: MemoryBroker, path: Path
) -> None:
    lending, chance = Lending(shop, broker, path), random.Random(5)
    async with relaying(shop, broker, keys=open_keys(path)):
        await lending.write(chance, 20)
        await until(lambda: lending.is_told_by(OLD))
        lending.rotate(NEW, OLD)
        await until(lambda: lending.is_told_by(NEW))
    broker.lose(6)
    await shop.program.execute(f"UPDATE {shop.engine('lease')} SET until = 0")
    await shop.program.execute(f"DELETE FROM {shop.engine('state')} WHERE name = 'relay'")
    async with relaying(shop, broker, keys=open_keys(path)):
        await until(lambda: _looked(lending), timeout=20)
    assert fold(broker.events(SHARED)) == await lending.named_by(NEW)


async def test_a_second_rotation_may_come_before_the_first_has_ended(
    shop: Store, broker: MemoryBroker, path: Path
) -> None:
    lending, newest = Lending(shop, broker, path), PseudonymKey(b"z" * 32)
    async with relaying(shop, broker, keys=open_keys(path)):
        await lending.write(random.Random(6), 20)
        lending.rotate(NEW, OLD)
        await lending.write(random.Random(7), 20)
        lending.rotate(newest, NEW, OLD)
        await until(lambda: lending.is_told_by(newest))
    await lending.holds(newest)


async def test_without_the_key_that_names_nothing_is_told_and_nothing_lost(
    shop: Store, broker: MemoryBroker, path: Path
) -> None:
    lending = Lending(shop, broker, path)
    async with relaying(shop, broker, keys=open_keys(path)):
        await lending.write(random.Random(8), 20)
        await until(lambda: lending.is_told_by(OLD))
    before = len(broker.events(SHARED))
    path.write_bytes(NEW.secret)
    await lending.write(random.Random(9), 20)
    async with relaying(shop, broker, keys=open_keys(path)):
        await until(lambda: _complains(shop))
    assert len(broker.events(SHARED)) == before
    lending.rotate(NEW, OLD)
    async with relaying(shop, broker, keys=open_keys(path)):
        await until(lambda: lending.is_told_by(NEW))
    await lending.holds(NEW)


def _told(events: list[Event]) -> list[Told]:
    return [Told(one.subject, one.order, (one.type, one.data, one.sequence)) for one in events]


async def _taken_back(broker: MemoryBroker, lending: Lending) -> bool:
    """Whether some old id is told as gone."""
    old = await lending.named_by(OLD)
    return any(one.deleted and one.subject in old for one in broker.events(SHARED))


async def _named(store: Store, lending: Lending) -> bool:
    rows = await store.program.rows(
        f"SELECT pseudonym FROM {store.engine('record')} WHERE dataset = ? AND NOT deleted", workshop.LOANS
    )
    return {one for (one,) in rows} == (await lending.named_by(NEW)).keys()


async def _complains(store: Store) -> bool:
    relay = (await standing(store)).relay
    return relay is not None and "pseudonym key" in relay.trouble


async def _looked(lending: Lending) -> bool:
    """Whether the relay has compared what the broker holds, which it then says, and has sent all."""
    return (await standing(lending.store)).relay is not None and await lending.is_told_by(NEW)


@asynccontextmanager
async def _mortal(lending: Lending, batch: int) -> AsyncIterator["asyncio.Task[None]"]:
    """A relay that ends with the block at once, in the middle of whatever it does."""
    store = lending.store
    await store.program.execute(f"UPDATE {store.engine('lease')} SET until = 0")
    settings = make_settings(store, relay_batch=batch)
    feeds = feeds_of(workshop.MAPPINGS, settings, open_keys(lending.path))
    database = open_database(store.url)
    work = asyncio.create_task(Relay(database, feeds, lending.broker, settings, f"life of {batch}").run())
    try:
        yield work
    finally:
        work.cancel()
        await asyncio.wait([work])
        await database.close()
