"""Whose turn it is among the changes that wait: what a writer has just done goes before what the engine reads anew;
used by `sending`."""

from collections.abc import Sequence

from services.engine.capture.outbox import Change
from services.engine.capture.tables import CONTROL, SNAPSHOT

#: How much of a snapshot goes in one round, so that a fresh change, which waits for the round under way, waits little.
_MOST_READ_ANEW = 50


def in_turn(changes: Sequence[Change]) -> list[Change]:
    """The changes that go next, `changes` in the order of the outbox: those of writers, then some of a snapshot.

    Per record the order stays: what follows a record's snapshot waits with it. Control records wait with snapshots
    too, since they say what came of them. What has its number goes first: it may have been sent.
    """
    first: list[Change] = []
    later: list[Change] = []
    waiting = set()
    for one in changes:
        if one.sequence is None and (one.op in (SNAPSHOT, CONTROL) or one.record in waiting):
            waiting.add(one.record)
            later.append(one)
        else:
            first.append(one)
    return first + later[:_MOST_READ_ANEW]
