"""What the relay asks of a broker; implemented by `kafka`, and by tests in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


class CannotPublish(Exception):
    """The broker is away, or a topic is not as it must be; says what is wrong. Worth trying again."""


class Refused(Exception):
    """The broker is there and does not take some of the messages; `reasons` by their place in the list."""

    def __init__(self, reasons: Mapping[int, str]) -> None:
        self.reasons = reasons
        super().__init__(", ".join(sorted(set(reasons.values()))))


class Broker(Protocol):
    """One writer of some topics. All calls come from one task."""

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
