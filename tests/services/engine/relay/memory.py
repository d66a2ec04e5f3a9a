"""A broker in memory, a second implementation of the relay's port, whose faults a test chooses."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32

from schemas.wire.event import Event, from_kafka
from services.engine.relay.broker import Ack, CannotPublish, Kept, Place, Refused, Seen, Tail
from services.engine.relay.projection import Message
from tests.waiting import breath


@dataclass
class MemoryBroker:
    """Partitions as lists. `away` refuses everything; `loses_acks` takes that many batches without a word of it;
    `refuses` are keys whose messages are never taken; `held` keeps every batch waiting until it is set; `surprises`
    are called in turn, each before the next message is taken; `unreadable` refuses to show what topics keep; `worry` is
    what is to be told of the way there."""

    logs: dict[Place, list[Message]] = field(default_factory=lambda: defaultdict(list))
    partitions: dict[str, int] = field(default_factory=dict)
    away: bool = False
    loses_acks: int = 0
    refuses: frozenset[bytes] = frozenset()
    held: asyncio.Event | None = None
    surprises: list[Callable[[], object]] = field(default_factory=list)
    unreadable: bool = False
    worry: str = ""
    batches: int = 0
    looks: int = 0

    def why_not(self, now: datetime) -> str:
        return self.worry

    async def prepare(self, topics: Mapping[str, int]) -> None:
        self._there()
        self.partitions.update(topics)

    async def publish(self, messages: Sequence[Message]) -> list[Ack]:
        self._there()
        refused = {place: "too large" for place, one in enumerate(messages) if one.key in self.refuses}
        if refused:
            raise Refused(refused)
        if self.held is not None:
            await self.held.wait()
        acks = []
        for one in messages:
            if self.surprises:
                self.surprises.pop(0)()
                await breath()
            acks.append(self.append(one))
        self.batches += 1
        if self.loses_acks:
            self.loses_acks -= 1
            raise CannotPublish("the acknowledgement is lost")
        return acks

    async def tails(self, topics: Mapping[str, int], since: Mapping[Place, int]) -> dict[Place, Tail]:
        self._there()
        return {
            (topic, one): self._tail((topic, one), since.get((topic, one)))
            for topic, count in topics.items()
            for one in range(count)
        }

    async def ends(self, topics: Mapping[str, int]) -> dict[Place, int]:
        self._there()
        self.looks += 1
        if self.unreadable:
            raise CannotPublish("the topics cannot be read")
        return {
            (topic, one): len(self.logs[topic, one])
            for topic, count in topics.items()
            for one in range(count)
        }

    async def read(
        self, spans: Mapping[Place, tuple[int, int]], take: Callable[[Sequence[Kept]], None]
    ) -> None:
        self._there()
        for place, (start, end) in spans.items():
            await breath()
            found = [
                Kept(place, at, one.key, one.value, one.headers)
                for at, one in enumerate(self.logs[place][:end])
                if at >= start
            ]
            if found:
                take(found)

    async def close(self) -> None:
        return

    def events(self, topic: str) -> list[Event]:
        """Every event on a topic: in order within a record, which keeps to one partition."""
        return [
            from_kafka(one.key, one.value, one.headers)
            for place, log in sorted(self.logs.items())
            if place[0] == topic
            for one in log
        ]

    def lose(self, count: int) -> None:
        """As a broker killed before it had written: each partition lacks its last messages."""
        for log in self.logs.values():
            del log[max(0, len(log) - count) :]

    def append(self, message: Message) -> Ack:
        place = message.topic, crc32(message.key) % self.partitions[message.topic]
        self.logs[place].append(message)
        return Ack(place, len(self.logs[place]) - 1)

    def _tail(self, place: Place, since: int | None) -> Tail:
        log = self.logs[place]
        newest = log[-1].number if log else 0
        if since is None or since >= len(log):
            return Tail(len(log), (), newest)
        seen = (Seen(offset, one.event_id, one.number) for offset, one in enumerate(log) if offset >= since)
        return Tail(len(log), tuple(seen), newest)

    def _there(self) -> None:
        if self.away:
            raise CannotPublish("the broker is away")
