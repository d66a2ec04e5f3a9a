"""Whose turn it is: what a writer has just done goes before what the engine reads anew, and a snapshot goes the slower
while writers write; used by `sending`, `chores` and `walking`."""

from collections.abc import Sequence

from services.engine.capture.outbox import Change
from services.engine.capture.tables import CONTROL, SNAPSHOT

#: How many records of a snapshot are read, or told, at a time: few while writers write, since a fresh change waits for
#: what is under way; and never so many that the first one waits long, or a writer where all wait for one another.
_FEW, _MANY, _MANY_OF_ONE_WRITER = 50, 250, 100


class Pace:
    """How fast a snapshot goes, by what the last rounds of sending met, and by whether a database has one writer."""

    def __init__(self, one_writer: bool) -> None:
        self.records = _FEW
        self._most = _MANY_OF_ONE_WRITER if one_writer else _MANY

    @property
    def restless(self) -> bool:
        """Whether step may follow step: nobody was met lately who would wait for them."""
        return self.records == _MANY

    def met(self, changes: Sequence[Change]) -> None:
        """A round has met these: where no writer's is among them, the next ones take more of the snapshot."""
        alone = all(_read_anew(one) or one.sequence is not None for one in changes)
        self.records = min(2 * self.records, self._most) if alone else _FEW


def in_turn(changes: Sequence[Change], most: int) -> list[Change]:
    """The changes that go next, `changes` in the order of the outbox: those of writers, then at most `most` of a
    snapshot.

    Per record the order stays: what follows a record's snapshot waits with it. Control records wait with snapshots
    too, since they say what came of them. What has its number goes first: it may have been sent.
    """
    first: list[Change] = []
    later: list[Change] = []
    waiting = set()
    for one in changes:
        if one.sequence is None and (_read_anew(one) or one.record in waiting):
            waiting.add(one.record)
            later.append(one)
        else:
            first.append(one)
    return first + later[:most]


def _read_anew(change: Change) -> bool:
    return change.op in (SNAPSHOT, CONTROL)
