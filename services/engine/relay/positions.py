"""What the broker acknowledged, and whether it still holds it: each partition's end as the relay knows it; for `loop`.

An acknowledgement is a promise that some brokers break: the embedded one is not durable when killed, a cluster can
elect a leader that lacks the last messages, a topic can be made anew. And a relay that was paused can wake after its
lease is gone, and write into the partitions of the next. Each node's topics have one writer, so its offsets run on
without a gap: a partition whose end is not behind our last message, or whose message there is not ours, tells of all
these. The cure is always the same: what was lately sent is sent again, in its order, from the outbox, which keeps it
for a while for this. Consumers see exact duplicates, and then the newest again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from services.engine.relay.broker import Ack, Place, Tail
from services.engine.relay.projection import Message

#: State by topic: offset and event id of each partition's last acknowledged message.
POSITION = "position."


@dataclass(frozen=True, slots=True)
class Last:
    """The last message of a partition that the broker acknowledged."""

    offset: int
    event_id: str


class Positions:
    """The partitions of one relay's topics. Not shared between tasks."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        self._last: dict[Place, Last] = dict(_read(facts))
        self._next: dict[Place, int] = {}

    @property
    def last_offsets(self) -> dict[Place, int]:
        return {place: last.offset for place, last in self._last.items()}

    def acknowledged(self, messages: Sequence[Message], acks: Sequence[Ack]) -> set[str]:
        """Take note; the topics into which somebody else has written, or which have lost something."""
        surprises = set()
        for message, ack in zip(messages, acks, strict=True):
            if ack.offset is None:
                self._next.pop(ack.place, None)
                continue
            if self._next.get(ack.place, ack.offset) != ack.offset:
                surprises.add(message.topic)
            self._last[ack.place] = Last(ack.offset, message.event_id)
            self._next[ack.place] = ack.offset + 1
        return surprises

    def compared(self, tails: Mapping[Place, Tail], unsent: Callable[[str], set[int]]) -> set[str]:
        """The topics that do not end as they should. `unsent` gives the numbers of a topic's feed which may have
        arrived without our knowing; messages of these behind our last one are only early."""
        wrong = set()
        for place, tail in tails.items():
            self._next[place] = tail.end
            last = self._last.get(place)
            if last is not None and not _ends_well(last, tail, unsent(place[0])):
                wrong.add(place[0])
        return wrong

    def forget(self, topics: Iterable[str]) -> None:
        """Nothing is known of these topics until the next acknowledgement."""
        gone = set(topics)
        self._last = {place: last for place, last in self._last.items() if place[0] not in gone}

    def facts(self, topics: Iterable[str]) -> dict[str, str]:
        """What to keep in `state` of some topics."""
        return {
            POSITION + topic: orjson.dumps(
                {
                    str(partition): [last.offset, last.event_id]
                    for (of_topic, partition), last in self._last.items()
                    if of_topic == topic
                }
            ).decode()
            for topic in topics
        }


def _read(facts: Mapping[str, str]) -> Iterable[tuple[Place, Last]]:
    for name, text in facts.items():
        for partition, (offset, event_id) in orjson.loads(text).items():
            yield (name.removeprefix(POSITION), int(partition)), Last(offset, event_id)


def _ends_well(last: Last, tail: Tail, unsent: set[int]) -> bool:
    if tail.end <= last.offset or tail.messages is None:
        return False
    # Compaction may have taken our last message; what stands at its place must be it.
    return all(
        one.event_id == last.event_id if one.offset == last.offset else one.number in unsent
        for one in tail.messages
    )
