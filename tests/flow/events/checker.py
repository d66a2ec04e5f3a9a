"""What must hold of the events on a topic, as Jepsen's queue checker has it: nothing lost, nothing made up, no record's
version going back, and duplicates alike to the last byte; used by the events' tests and by the crash harness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """One message as the checker sees it: of which record, which version, and all its bytes."""

    subject: str
    order: tuple[int, int]
    content: object


@dataclass(frozen=True)
class Verdict:
    """Counts of what is wrong; all zero when nothing is."""

    lost: int = 0
    made_up: int = 0
    gone_back: int = 0
    altered: int = 0


def judge(log: Iterable[Told], written: Iterable[tuple[str, tuple[int, int]]]) -> Verdict:
    """`log` in the order of the topic, each record's in its partition's; `written` is what was committed, by record and
    version."""
    messages = list(log)
    told = {(one.subject, one.order) for one in messages}
    expected = set(written)
    return Verdict(
        len(expected - told), len(told - expected), len(gone_back(messages)), len(altered(messages))
    )


def first_told(log: Iterable[Told]) -> list[Told]:
    """Without what was told before, under the same version of the same record."""
    first: dict[tuple[str, tuple[int, int]], Told] = {}
    for one in log:
        first.setdefault((one.subject, one.order), one)
    return list(first.values())


def gone_back(log: Iterable[Told]) -> list[Told]:
    """What was told for the first time after a newer version of its record."""
    newest: dict[str, tuple[int, int]] = {}
    found = []
    for one in first_told(log):
        if one.order < newest.get(one.subject, (0, 0)):
            found.append(one)
        newest[one.subject] = max(one.order, newest.get(one.subject, (0, 0)))
    return found


def altered(log: Iterable[Told]) -> list[Told]:
    """What was told again under the same version of the same record, in other bytes."""
    messages = list(log)
    first = {(one.subject, one.order): one.content for one in first_told(messages)}
    return [one for one in messages if first[one.subject, one.order] != one.content]


@dataclass(frozen=True)
class State:
    """How a statement left a record, as one audience sees it: what it is shown (None: nothing, the record is gone) and
    what it watches, which may be more. `net`: the transaction went no further with this record. `otherwise`: how it may
    be shown just as well, by another version of the contract."""

    shown: object
    watched: object
    net: bool
    otherwise: tuple[object, ...] = ()

    def shows(self, content: object) -> bool:
        return content == self.shown or content in self.otherwise


def untold(told: Sequence[object], states: Sequence[State]) -> list[int]:
    """Places of the states that should have been told, each after the one before, and were not; `told` is what an
    audience was shown of one record, in its order.

    Every transaction that changes what is watched is told, but for a delete before the record came again: the two may
    be told as one. What stands between two statements of one transaction need not be told.
    """
    place = 0
    missing = []
    for number, state in _due(states):
        found = [at for at in range(place, len(told)) if state.shows(told[at])]
        if found:
            place = found[0] + 1
        else:
            missing.append(number)
    return missing


def _due(states: Sequence[State]) -> Iterable[tuple[int, State]]:
    net = [(number, one) for number, one in enumerate(states) if one.net]
    known: object = None
    for place, (number, one) in enumerate(net):
        comes_again = any(later.watched is not None for _, later in net[place + 1 :])
        if one.watched != known and (one.watched is not None or not comes_again):
            known = one.watched
            yield number, one


def unexplained(told: Sequence[object], states: Sequence[State]) -> list[int]:
    """Places of what was told of one record although it never stood so, or not after what was told before."""
    seen = [State(None, None, net=False), *states]
    at = 0
    wrong = []
    for place, content in enumerate(told):
        found = [number for number in range(at, len(seen)) if seen[number].shows(content)]
        if found:
            at = found[0]
        else:
            wrong.append(place)
    return wrong
