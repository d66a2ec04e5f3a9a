"""What must hold of the events on a topic, as Jepsen's queue checker has it: nothing lost, nothing made up, no record's
version going back, and duplicates alike to the last byte."""

from collections.abc import Iterable
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
    first: dict[tuple[str, tuple[int, int]], object] = {}
    newest: dict[str, tuple[int, int]] = {}
    gone_back = altered = 0
    for one in log:
        version = one.subject, one.order
        if version in first:
            altered += first[version] != one.content
            continue
        first[version] = one.content
        gone_back += one.order < newest.get(one.subject, (0, 0))
        newest[one.subject] = max(one.order, newest.get(one.subject, (0, 0)))
    expected = set(written)
    return Verdict(len(expected - first.keys()), len(first.keys() - expected), gone_back, altered)
