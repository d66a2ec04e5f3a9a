"""What a reconciliation finds, as plain values; made by `reconciling`, mended by `mending`, shown by
`langqiao reconcile`."""

from dataclasses import dataclass, field

from services.engine.relay.feeds import Channel
from services.engine.relay.folding import Tally

MISSING, DIFFERING, UNKNOWN = "missing on the topic", "differing", "not in the table"


@dataclass(frozen=True, slots=True)
class Finding:
    """One record that differs on one topic, by its record id. `raw_key` is None when only the topic knows it;
    `order` is the topic's, (0, 0) where it knows none."""

    record: str
    topic: str
    what: str
    raw_key: str | None
    order: tuple[int, int]


@dataclass(slots=True)
class Side:
    """One topic, folded up to an offset of each partition, and what the table says that it should hold."""

    major: int
    partitions: int
    channel: Channel
    on_topic: Tally = field(default_factory=Tally)
    in_table: Tally = field(default_factory=Tally)
    offsets: list[int] = field(default_factory=list)

    @property
    def topic(self) -> str:
        return self.channel.topic

    @property
    def differing(self) -> set[int]:
        """Chunks."""
        return self.on_topic.differing(self.in_table)


@dataclass(slots=True)
class Outcome:
    """What a comparison has found. `started_at`: RFC 3339 UTC. `moving`: records of which a change was still on its way
    when we stopped waiting. `more`: there are more findings than are named. `epoch` and `number` are the highest that
    the topics bear."""

    dataset: str
    started_at: str
    records: int = 0
    moving: int = 0
    more: bool = False
    epoch: int = 0
    number: int = 0
    sides: list[Side] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def differing(self) -> int:
        """Records."""
        return len({one.record for one in self.findings})
