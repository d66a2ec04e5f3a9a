"""What the relay asks of a broker; implemented by `kafka`, and by tests in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.wire.event import Headers
from services.engine.relay.projection import Message

#: A topic and one of its partitions.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Ack:
    """Where a message stands now; `offset` is None when the broker only said that it has it."""

    place: Place
    offset: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A message read back, by its event id and its number in the feed."""

    offset: int
    event_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Tail:
    """A partition's end (the offset that the next message will get), its last messages from the offset asked for, None
    when there are too many to read, and the number of the last of all; 0 when it is none of a feed."""

    end: int
    messages: tuple[Seen, ...] | None
    newest: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as its topic keeps it."""

    place: Place
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class CannotPublish(Exception):
    """The broker is away, or a topic is not as it must be; says what is wrong. Worth trying again."""


class Refused(Exception):
    """The broker is there and does not take some of the messages; `reasons` by their place in the list."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        self.reasons = reasons
        super().__init__(", ".join(sorted(set(reasons.values()))))


class Topics(Protocol):
    """What topics keep. May be asked from any task, while others write."""

    async def ends(self, topics: Mapping[str, int]) -> dict[Place, int]:
        """Every partition's end, 0 of a topic that is not there; raises CannotPublish."""
        ...

    async def read(
        self, spans: Mapping[Place, tuple[int, int]], take: Callable[[Sequence[Kept]], None]
    ) -> None:
        """Hand over what partitions keep from an offset on, up to but without an end: some messages of one partition at
        a time, in their order; raises CannotPublish."""
        ...


class Broker(Topics, Protocol):
    """One writer of some topics. Its own calls come from one task."""

    def why_not(self, now: datetime) -> str:
        """What a person should look at on the way there, well as it may go at an aware time; empty when all is well."""
        ...

    async def prepare(self, topics: Mapping[str, int]) -> None:
        """Have the topics with their partitions; raises CannotPublish."""
        ...

    async def publish(self, messages: Sequence[Message]) -> list[Ack]:
        """Send all, in order within each partition, and wait until all are acknowledged.

        Raises CannotPublish or Refused; then any of them may have arrived, or may still arrive.
        """
        ...

    async def tails(self, topics: Mapping[str, int], since: Mapping[Place, int]) -> dict[Place, Tail]:
        """Every partition of the topics: its end, and the messages from an offset of `since`; raises CannotPublish."""
        ...

    async def close(self) -> None: ...
