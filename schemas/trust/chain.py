"""Whether a log is whole: its lines are read once, in bounded memory, and all that was done to them is named with the
number at which it shows; pure, used by `langqiao log verify` and by tests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.trust.entries import BEGINNING, Act, BadLine, Head, Line, read
from schemas.trust.signed import DocumentRefused, moment
from schemas.trust.statements import Checkpoint

#: Entries younger than this may not be gone: three years (Government Data Sharing Regulation, article 29).
LEAST_KEPT = timedelta(days=1_096)


class Fault(StrEnum):
    """What was done to a log."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TORN = "torn"
    REWRITTEN = "rewritten"
    NEVER_WRITTEN = "never-written"
    PRUNED_EARLY = "pruned-early"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where: `number` is the first entry concerned, `last` the last of a run."""

    fault: Fault
    number: int
    last: int
    detail: str


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What somebody else holds of an entry: its hash, and for a receipt both digests; `source` says who or what."""

    number: int
    hash: str
    source: str
    request: str | None = None
    answer: str | None = None
    missing: Fault = Fault.REMOVED


@dataclass(slots=True)
class Chain:
    """Takes a log's lines one by one, and says at the end what was found. `head` is the last entry that fitted.

    `checkpoints` are statements of this log's node, `witnessed` all that others hold of single entries.
    """

    checkpoints: Sequence[Checkpoint] = ()
    witnessed: Sequence[Witnessed] = ()
    head: Head = field(default_factory=Head)
    lines: int = 0
    _begun: bool = False
    _gone: Head | None = None
    _before: set[str] = field(default_factory=lambda: {BEGINNING})
    _bad: list[str] = field(default_factory=list)
    _missing: dict[int, int] = field(default_factory=dict)
    _pruned: dict[int, str] = field(default_factory=dict)
    _wanted: dict[int, list[Witnessed]] = field(default_factory=dict)
    _findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        for one in self.witnessed:
            self._wanted.setdefault(one.number, []).append(one)

    def take(self, line: bytes) -> None:
        """The next line, without its line feed."""
        self.lines += 1
        try:
            found = read(line)
        except BadLine as bad:
            self._bad.append(str(bad))
            return
        if not self._begun:
            self._begin(found)
        if found.number > self.head.number:
            self._next(found)
        else:
            self._late(found)

    def torn(self, size: int) -> None:
        """The log ends in so many bytes that are no whole line."""
        detail = f"the log ends in {size} bytes of an entry that was never acknowledged"
        self._note(Fault.TORN, self.head.number + len(self._bad) + 1, detail)

    def end(self) -> list[Finding]:
        """Everything found, in the order of numbers."""
        self._altered(len(self._bad))
        if self._gone is not None and self._told_of(self._gone):
            self._missing.pop(1, None)
        for first, last in self._missing.items():
            self._findings.append(Finding(Fault.REMOVED, first, last, "not there, and no entry tells that"))
        for left in self._wanted.values():
            for one in left:
                if one.number > self.head.number:
                    detail = f"the log ends at {self.head.number}, but {one.source} holds a later entry"
                    self._note(one.missing, one.number, detail)
        return sorted(self._findings, key=lambda one: (one.number, one.fault))

    def _begin(self, line: Line) -> None:
        """The first line that can be read. Where entries before it are gone, a `pruned` entry must tell of them."""
        self._begun = True
        gone = line.number - 1 - len(self._bad)
        if gone > 0:
            self._gone = self.head = Head(gone, "" if self._bad else line.previous)
            self._before = set() if self._bad else {line.previous}
            self._missing[1] = gone

    def _next(self, line: Line) -> None:
        gap = line.number - self.head.number - 1
        broken = min(gap, len(self._bad))
        inserted = len(self._bad) - broken
        self._altered(broken)
        for _ in range(inserted):
            self._note(Fault.INSERTED, line.number, self._bad.pop(0))
        if line.number > self.head.number + 1:
            self._missing[self.head.number + 1] = line.number - 1
            self._before = set()
        if self._before and line.previous not in self._before:
            self._note(Fault.ALTERED, line.number - 1, "the entry after it names another hash")
        self.head, self._before = line.head, {line.hash}
        self._look(line)

    def _late(self, line: Line) -> None:
        """A number that was passed: it is out of order where it was missing, else it does not belong there."""
        run = next((one for one, last in self._missing.items() if one <= line.number <= last), None)
        if run is None:
            self._note(Fault.INSERTED, line.number, "a second entry under this number")
        else:
            last = self._missing.pop(run)
            if run < line.number:
                self._missing[run] = line.number - 1
            if line.number < last:
                self._missing[line.number + 1] = last
            self._note(Fault.REORDERED, line.number, f"it stands after entry {self.head.number}")
            self._look(line)
        if line.number == self.head.number:
            self._before.add(line.hash)

    def _altered(self, broken: int) -> None:
        """So many bad lines stand for the numbers that come next."""
        for reason in self._bad[:broken]:
            self.head, self._before = Head(self.head.number + 1), set()
            self._note(Fault.ALTERED, self.head.number, reason)
        del self._bad[:broken]

    def _look(self, line: Line) -> None:
        """Hold an entry against what others know of it."""
        for one in self._wanted.pop(line.number, ()):
            if one.hash != line.hash:
                self._note(Fault.REWRITTEN, line.number, f"{one.source} holds another hash")
            elif one.request is not None and (one.request, one.answer) != (
                line.said.get("request"),
                line.said.get("answer"),
            ):
                self._note(Fault.REWRITTEN, line.number, f"{one.source} holds other digests")
        if line.said.get("act") == Act.PRUNED:
            self._take_pruned(line)

    def _take_pruned(self, line: Line) -> None:
        try:
            latest, told = _pruned(line)
        except (DocumentRefused, KeyError, OverflowError, TypeError, ValueError):
            self._note(Fault.ALTERED, line.number, "it tells of pruned entries in no form that can be read")
            return
        for gone, youngest in told:
            self._pruned[gone.number] = gone.hash
            young = [each.at for each in self.checkpoints if each.number < gone.number]
            if max([youngest, *young]) > latest:
                self._note(Fault.PRUNED_EARLY, gone.number, f"entry {line.number} tells of it too early")

    def _told_of(self, gone: Head) -> bool:
        """Whether a `pruned` entry tells that the log was cut off just here."""
        told = self._pruned.get(gone.number)
        return told is not None and gone.hash in ("", told)

    def _note(self, fault: Fault, number: int, detail: str) -> None:
        self._findings.append(Finding(fault, number, number, detail))


def _pruned(line: Line) -> tuple[datetime, list[tuple[Head, datetime]]]:
    """How young the entries could be of which a `pruned` one tells; and of each file where it ended, and when."""
    told = line.said.get("told")
    segments = told.get("segments", ()) if isinstance(told, Mapping) else ()
    ends = [(Head(int(one["last"]), str(one["hash"])), moment(one, "at")) for one in segments]
    if any(gone.number < 1 for gone, _ in ends):
        raise ValueError("an entry's number is a whole number from 1")
    return moment(line.said, "at") - LEAST_KEPT, ends


def check(
    lines: Iterable[bytes], checkpoints: Sequence[Checkpoint] = (), witnessed: Sequence[Witnessed] = ()
) -> list[Finding]:
    """What was done to a log whose lines these are, without their line feeds."""
    chain = Chain(checkpoints, witnessed)
    for line in lines:
        chain.take(line)
    return chain.end()


def hold(checkpoints: Iterable[Checkpoint]) -> Iterator[Witnessed]:
    """Checkpoints as what others hold of single entries."""
    for one in checkpoints:
        yield Witnessed(one.number, one.hash, f"a checkpoint of {one.at.isoformat(timespec='seconds')}")
