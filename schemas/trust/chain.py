"""Whether a log is whole: its lines are read once, in bounded memory, and all that was done to them is named with the
number at which it shows; pure, used by `langqiao log verify` and by tests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
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
    NOT_HELD = "not-held"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and where: `number` is the first entry concerned, `last` the last of a run."""

    fault: Fault
    number: int
    last: int
    detail: str


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What somebody else holds of an entry: its hash, and for a receipt what the entry must say, by name, and when it
    was made (aware); `source` says who or what."""

    number: int
    hash: str
    source: str
    missing: Fault = Fault.REMOVED
    at: datetime | None = None
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Chain:
    """Takes a log's lines one by one, and says at the end what was found. `head` is the last entry that fitted.

    `checkpoints` are statements of this log's node, `witnessed` all that others hold of single entries. `node` is whose
    log it must be; empty: whose the first entry says. `now` (aware) is when it is read, None where that is not known.
    """

    checkpoints: Sequence[Checkpoint] = ()
    witnessed: Sequence[Witnessed] = ()
    node: str = ""
    now: datetime | None = None
    head: Head = field(default_factory=Head)
    lines: int = 0
    _begun: bool = False
    _foreign: Finding | None = None
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
        self._of_node(found)
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
        if not self.lines and not self._wanted:
            self._note(Fault.REMOVED, 1, "there is no entry, and a log begins with one")
        if self._foreign is not None:
            self._findings.append(self._foreign)
        if self._gone is not None and self._told_of(self._gone):
            self._missing.pop(1, None)
        for first, last in self._missing.items():
            self._findings.append(Finding(Fault.REMOVED, first, last, "not there, and no entry tells that"))
        for left in self._wanted.values():
            self._left(left)
        return sorted(self._findings, key=lambda one: (one.number, one.fault))

    def _left(self, held: Sequence[Witnessed]) -> None:
        """What others hold of one entry that is not there: it was cut off at the end, or taken away before."""
        for one in held:
            if one.number > self.head.number:
                detail = f"the log ends at {self.head.number}, but {one.source} holds a later entry"
                self._note(one.missing, one.number, detail)
            if one.hash != held[0].hash:
                self._note(Fault.REWRITTEN, one.number, f"{one.source} and {held[0].source} hold two hashes")

    def _of_node(self, line: Line) -> None:
        """Entries of another node's log are no entries of this one; a run of them is one finding."""
        said = str(line.said.get("node", ""))
        self.node = self.node or said
        if said == self.node:
            return
        run = self._foreign
        if run is not None and run.last == line.number - 1:
            self._foreign = replace(run, last=line.number)
            return
        if run is not None:
            self._findings.append(run)
        detail = "it is an entry of another node's log"
        self._foreign = Finding(Fault.ALTERED, line.number, line.number, detail)

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
            elif other := sorted(name for name, text in one.says.items() if line.said.get(name) != text):
                self._note(Fault.REWRITTEN, line.number, f"{one.source} says another {', '.join(other)}")
        if line.said.get("act") == Act.PRUNED:
            self._take_pruned(line)

    def _take_pruned(self, line: Line) -> None:
        try:
            at, told = _pruned(line)
            latest = self._by_then(line.number, at) - LEAST_KEPT
        except (DocumentRefused, KeyError, OverflowError, TypeError, ValueError):
            self._note(Fault.ALTERED, line.number, "it tells of pruned entries in no form that can be read")
            return
        for gone, youngest in told:
            self._pruned[gone.number] = gone.hash
            if max(youngest, *self._made_by(gone.number)) > latest:
                self._note(Fault.PRUNED_EARLY, gone.number, f"entry {line.number} tells of it too early")
            for one in self._wanted.get(gone.number, ()):
                if one.hash != gone.hash:
                    self._note(
                        Fault.REWRITTEN, gone.number, f"{one.source} holds another hash of what is gone"
                    )

    def _by_then(self, number: int, said: datetime) -> datetime:
        """When an entry was made that says so itself: no later than anything after it, nor than it is read."""
        later = [one.at for one in self.checkpoints if one.number >= number]
        later += [one.at for one in self.witnessed if one.at is not None and one.number >= number]
        return min([said, *later, *([] if self.now is None else [self.now])])

    def _made_by(self, number: int) -> Iterator[datetime]:
        """Times than which an entry is no older, as others hold them; in the order of a log time goes on."""
        yield datetime.min.replace(tzinfo=UTC)
        yield from (one.at for one in self.checkpoints if one.number < number)
        yield from (one.at for one in self.witnessed if one.at is not None and one.number <= number)

    def _told_of(self, gone: Head) -> bool:
        """Whether a `pruned` entry tells that the log was cut off just here."""
        told = self._pruned.get(gone.number)
        return told is not None and gone.hash in ("", told)

    def _note(self, fault: Fault, number: int, detail: str) -> None:
        self._findings.append(Finding(fault, number, number, detail))


def _pruned(line: Line) -> tuple[datetime, list[tuple[Head, datetime]]]:
    """When a `pruned` entry says that it was made; and of each file that it tells of, where it ended, and when."""
    told = line.said.get("told")
    segments = told.get("segments", ()) if isinstance(told, Mapping) else ()
    ends = [(Head(int(one["last"]), str(one["hash"])), moment(one, "at")) for one in segments]
    if any(gone.number < 1 for gone, _ in ends):
        raise ValueError("an entry's number is a whole number from 1")
    return moment(line.said, "at"), ends


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
