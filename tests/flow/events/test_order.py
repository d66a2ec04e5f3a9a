"""The relay on PostgreSQL under six writers on a few hot records, with roll-backs and slow transactions; and two wrong
ways to read an outbox, kept here so that the checker is seen to catch them."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import asyncpg

from schemas.wire.event import from_kafka
from services.engine.capture.attach import attach
from services.engine.relay.feeds import feeds_of
from services.engine.relay.loop import Relay
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.flow.events.checker import Told, Verdict, judge
from tests.postgresql import FreshDatabase
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import make_settings
from tests.stores import Store, opened
from tests.waiting import until

WRITERS, TRANSACTIONS = 6, 120
HOT = tuple(f"T{number}" for number in range(5))
#: What was committed: each write raises the tool's price by one, so that the price is its version.
Written = set[tuple[str, tuple[int, int]]]


async def test_nothing_is_lost_and_no_version_goes_back_and_the_checker_would_notice(
    fresh_postgresql: FreshDatabase,
) -> None:
    async with opened(fresh_postgresql()) as store:
        await _open_shop(store)
        broker, past_last_id, below_horizon = MemoryBroker(), PastLastId(), BelowHorizon()
        finished = asyncio.Event()
        async with _relaying(store, broker), asyncio.TaskGroup() as group:
            for wrong in (past_last_id, below_horizon):
                group.create_task(wrong.read_until(store.url, finished))
            written = await _write(store.url)
            await until(lambda: _sent(store), timeout=30)
            finished.set()
    assert judge(_told(broker), written) == Verdict()
    assert judge(past_last_id.log, written).lost > 0
    horizon = judge(below_horizon.log, written)
    assert horizon.lost == 0
    assert horizon.gone_back > 0


@dataclass
class Reader:
    """A reader of the outbox that marks nothing."""

    log: list[Told] = field(default_factory=list)

    async def read_until(self, url: str, finished: asyncio.Event) -> None:
        connection = await asyncpg.connect(url)

        async def step() -> bool:
            over = finished.is_set()
            for row in await self.rows(connection):
                new = json.loads(row["new"])
                # A control record has none.
                if "no" in new:
                    self.log.append(Told(new["no"], (1, int(new["price"])), row["id"]))
            return over

        await until(step, timeout=60)
        await connection.close()

    async def rows(self, connection: Any) -> Sequence[Any]:
        raise AssertionError


@dataclass
class PastLastId(Reader):
    """Wrong: ids are drawn before commit, so a row can become visible below the last one seen."""

    last: int = 0

    async def rows(self, connection: Any) -> Sequence[Any]:
        rows = await connection.fetch(
            "SELECT id, new FROM langqiao.outbox WHERE id > $1 ORDER BY id", self.last
        )
        self.last = max((row["id"] for row in rows), default=self.last)
        return list(rows)


@dataclass
class BelowHorizon(Reader):
    """Wrong, though often recommended: by transaction id nothing is lost, but a transaction that began first may well
    have locked the record last."""

    last: tuple[int, int] = (0, 0)

    async def rows(self, connection: Any) -> Sequence[Any]:
        rows = await connection.fetch(
            "SELECT xid, id, new FROM langqiao.outbox WHERE (xid, id) > ($1, $2)"
            " AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY xid, id",
            *self.last,
        )
        self.last = max(((row["xid"], row["id"]) for row in rows), default=self.last)
        return list(rows)


async def _open_shop(store: Store) -> None:
    await create_tables(store.url, workshop.TOOL_MAPPINGS)
    await attach(store.database, workshop.TOOL_MAPPINGS, outbox_limit=1_000_000)
    await store.program.execute("CREATE TABLE scratch (n integer)")
    # The transaction's id, which the trigger's own sub-transaction would hide in xmin.
    await store.program.execute(
        "ALTER TABLE langqiao.outbox ADD COLUMN xid bigint DEFAULT pg_current_xact_id()::text::bigint"
    )
    for no in HOT:
        await store.program.insert("ws_tool", no=no, nm="hot", price=Decimal(0))


async def _write(url: str) -> Written:
    """All that the writers and the shop's opening committed."""
    written: Written = {(no, (1, 0)) for no in HOT}
    async with asyncio.TaskGroup() as group:
        for number in range(WRITERS):
            group.create_task(_writer(url, random.Random(number), written))
    return written


async def _writer(url: str, chance: random.Random, written: Written) -> None:
    connection = await asyncpg.connect(url)
    for _ in range(TRANSACTIONS):
        mine: Written = set()
        transaction = connection.transaction()
        await transaction.start()
        if chance.random() < 0.2:
            # Takes its transaction id now, and its records later.
            await connection.execute("INSERT INTO scratch VALUES (1); SELECT pg_sleep(0.03)")
        for no in sorted(chance.sample(HOT, chance.randint(1, 3))):
            price = await connection.fetchval(
                "UPDATE ws_tool SET price = price + 1 WHERE no = $1 RETURNING price", no
            )
            mine.add((no, (1, int(price))))
            if chance.random() < 0.1:
                await connection.execute("SELECT pg_sleep(0.03)")
        if chance.random() < 0.1:
            await transaction.rollback()
        else:
            await transaction.commit()
            written |= mine
    await connection.close()


@asynccontextmanager
async def _relaying(store: Store, broker: MemoryBroker) -> AsyncIterator[None]:
    settings = make_settings(store)
    feeds = feeds_of(workshop.TOOL_MAPPINGS, settings, workshop.SECRET)
    relay = Relay(store.database, feeds, broker, settings, "relay")
    work = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.stop()
        await work


async def _sent(store: Store) -> bool:
    return not await store.program.rows("SELECT 1 FROM langqiao.outbox WHERE sent_at IS NULL LIMIT 1")


def _told(broker: MemoryBroker) -> list[Told]:
    topic = f"dev.{workshop.DIVISION}.{workshop.TOOLS}.v1.shared"
    messages = [one for place, log in sorted(broker.logs.items()) if place[0] == topic for one in log]
    events = [from_kafka(one.key, one.value, one.headers) for one in messages]
    return [
        Told(event.subject, (1, int(Decimal(event.data["price"]))), (one.value, one.headers))
        for one, event in zip(messages, events, strict=True)
        if event.data is not None
    ]
