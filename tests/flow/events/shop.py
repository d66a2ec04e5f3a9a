"""The workshop at work: its tables captured, relays over a real broker, and what its topics should hold."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from schemas.query.values import to_wire
from schemas.wire.event import Event
from schemas.wire.topics import Audience
from services.engine.capture.attach import attach
from services.engine.capture.captured import captures
from services.engine.capture.database import open_database
from services.engine.capture.keys import stored_key
from services.engine.capture.status import CaptureStatus, capture_status
from services.engine.relay.feeds import Channel, Major, feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.loop import Relay
from services.engine.settings import Settings
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.brokers import Broker, events_in, messages_by_topic, messages_of
from tests.flow.events.checker import Told
from tests.stores import Program, Store, drained
from tests.waiting import until

_numbers = count(1)

#: What stands in columns that must never be seen on some topics.
CANARY = {"remark": "canary-withheld", "holder": "canary-conditional", "price": "canary"}


@dataclass
class Shop:
    """One workshop, whose topics are its own on a broker that others use too."""

    store: Store
    settings: Settings
    broker: Broker

    @property
    def channels(self) -> list[tuple[Major, Channel]]:
        feeds = feeds_of(workshop.MAPPINGS, self.settings, workshop.SECRET)
        return [(major, channel) for feed in feeds for major in feed.majors for channel in major.channels]

    def topic(self, audience: str, major: int = 1) -> str:
        return f"{self.settings.environment}.{workshop.DIVISION}.{workshop.TOOLS}.v{major}.{audience}"

    @asynccontextmanager
    async def relay(self, name: str = "relay") -> AsyncIterator["asyncio.Task[None]"]:
        """A relay at work, with its own connections; stopped with the block. Cancelled, it is as dead as a killed one:
        it neither ends its round nor gives its lease back."""
        feeds = feeds_of(workshop.MAPPINGS, self.settings, workshop.SECRET)
        broker, database = KafkaBroker(self.settings), open_database(self.store.url)
        relay = Relay(database, feeds, broker, self.settings, name)
        work = asyncio.create_task(relay.run())
        try:
            yield work
        finally:
            relay.stop()
            await asyncio.wait([work])
            await broker.close()
            await database.close()

    async def status(self) -> CaptureStatus:
        return await capture_status(self.store.database, captures(workshop.MAPPINGS))

    async def drained(self) -> bool:
        return await drained(self.store)

    async def trouble(self) -> str:
        """What the relay says that keeps it from publishing."""
        found = (await self.status()).relay
        return found.trouble if found is not None else ""

    async def until_right(self, seconds: float = 60.0) -> None:
        """Wait until every topic folds to the table."""
        await until(self._right, timeout=seconds, what="every topic folds to the table")

    async def _right(self) -> bool:
        return await self.drained() and await self.misfolded() == []

    async def misfolded(self) -> list[str]:
        """Topics that do not fold to the table: what a subscriber has who applies every event that is not older than
        what it has, is not what the table says that the topic's audience should have."""
        topics = {channel.topic: (major, channel) for major, channel in self.channels}
        messages = await messages_by_topic(self.broker, topics)
        return [
            topic
            for topic, (major, channel) in topics.items()
            if fold(events_in(messages[topic])) != await self.projected(major, channel)
        ]

    async def until_drained(self, seconds: float = 60.0) -> None:
        await until(self.drained, timeout=seconds, what="everything is sent")

    async def told(self, topic: str) -> list[Told]:
        """A topic's messages for the checker."""
        messages = await messages_of(self.broker, topic)
        events = events_in(messages)
        return [
            Told(event.subject, event.order, (one.value, one.headers))
            for one, event in zip(messages, events, strict=True)
        ]

    async def numbered(self) -> set[tuple[str, tuple[int, int]]]:
        """Record and version of every change of a tool that raised an event."""
        rows = await self.store.program.rows(
            f"SELECT raw_key, epoch, version FROM {self.store.engine('outbox')}"
            " WHERE sequence IS NOT NULL AND op <> 'k'"
        )
        return {(str(stored_key(raw)[0]).upper(), (epoch, version)) for raw, epoch, version in rows}

    async def projected(self, major: Major, channel: Channel) -> dict[str, dict[str, Any] | None]:
        """What the department's table says that this audience should have."""
        if not channel.watched:
            return {}
        table = major.mapping.table
        rows = await self.store.program.rows(f"SELECT {', '.join(table.columns)} FROM {table.name}")
        return dict(_shown(major, channel, dict(zip(table.columns, row, strict=True))) for row in rows)


async def opened(store: Store, broker: Broker, **changed: Any) -> Shop:
    """A workshop with empty tables, captured."""
    settings = Settings(
        kind=workshop.KIND,
        division=workshop.DIVISION,
        environment=f"test{next(_numbers)}",
        database_url=store.url,
        pseudonym_key_file=Path("pseudonym.key"),
        relay_poll_ms=2,
        **broker.settings,
        **{"create_topics": True, "lease_seconds": 2, "broker_check_seconds": 1, **changed},
    )
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=settings.outbox_limit)
    return Shop(store, settings, broker)


def fold(events: list[Event]) -> dict[str, dict[str, Any] | None]:
    """Records by subject; None for one that is only known to exist."""
    newest: dict[str, Event] = {}
    for one in events:
        if one.subject not in newest or one.order >= newest[one.subject].order:
            newest[one.subject] = one
    return {subject: one.data for subject, one in newest.items() if not one.deleted}


async def write_at_random(program: Program, chance: random.Random, writes: int) -> None:
    """Changes of a few tools, as programs make them: one by one, in transactions, some rolled back."""
    for _ in range(writes):
        together = chance.random() < 0.2
        if together:
            await program.execute("BEGIN")
        for _ in range(chance.randint(1, 3) if together else 1):
            await _write(program, chance)
        if together:
            await program.execute(chance.choice(("COMMIT", "COMMIT", "ROLLBACK")))


async def _write(program: Program, chance: random.Random) -> None:
    no, text = f"t{chance.randrange(8)}", f"n{chance.randrange(1_000)}"
    match chance.randrange(6):
        case 0:
            await program.execute("DELETE FROM ws_tool WHERE no = ?", no)
        case 1:
            await program.execute(
                "UPDATE ws_tool SET remark = ? WHERE no = ?", f"{CANARY['remark']}{text}", no
            )
        case 2:
            await program.execute(
                "UPDATE ws_tool SET holder = ? WHERE no = ?", f"{CANARY['holder']}{text}", no
            )
        case 3:
            await program.execute("UPDATE ws_tool SET nm = ?, made = ? WHERE no = ?", text, "2020-6-18", no)
        case _:
            await program.execute("DELETE FROM ws_tool WHERE no = ?", no)
            await program.insert("ws_tool", no=no, nm=text, remark=CANARY["remark"], holder=CANARY["holder"])


def _shown(major: Major, channel: Channel, row: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    fields = major.mapping.fields
    values = {item: fields[item].codec.decode(row[fields[item].column]) for item in fields}
    subject = "~".join(str(values[item]) for item in major.mapping.contract.key)
    data = {item: to_wire(values[item]) for item in channel.items}
    return subject, data if channel.audience is not Audience.GRANTED else None
