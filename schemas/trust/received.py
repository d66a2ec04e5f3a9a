"""Who received an item of a record, by the access log of the node that keeps it: which entries say so, and a whole log
held against what others hold of it; pure. Used by the data office, and by `langqiao receivers`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from schemas.trust.chain import Chain, Fault, Finding, Witnessed, hold
from schemas.trust.entries import Act
from schemas.trust.statements import Checkpoint

#: What a caller learns records by.
_GIVING = frozenset({Act.READ, Act.LOOKUP, Act.VERIFY, Act.COUNT})
#: An entry that is older than this must be held by others: a node has it witnessed within a minute.
_UNHELD = timedelta(hours=1)
#: More lines than entries by this many are no log.
_MOST_ODD = 1_000


@dataclass(frozen=True, slots=True)
class Sought:
    """An item of a dataset, of records about these `subjects` (pseudonyms, as a log writes them); None: of all records,
    for nobody can tell then whose record was meant."""

    dataset: str
    item: str
    subjects: frozenset[str] | None = None

    def receiver(self, said: Mapping[str, Any]) -> str | None:
        """The system that an entry gave the item to: a record was shown with it, or a question that went by it was
        answered. None: to none."""
        if said.get("dataset") != self.dataset or said.get("act") not in _GIVING:
            return None
        shown = self.item in said.get("items", ()) and said.get("records", 0) > 0
        about = self.subjects is None or not self.subjects.isdisjoint(said.get("subjects", ()))
        if not about or not (shown or self.item in said.get("searched", ())):
            return None
        system = said.get("system")
        return None if system is None else str(system)


@dataclass(slots=True)
class LogReading:
    """Takes a node's log line by line from its first, up to the newest of the `looks` at it that whoever reads it has
    receipts of; `held` are the checkpoints that he keeps. `systems` are those that received what is `sought`."""

    sought: Sought
    looks: Sequence[Witnessed]
    held: Sequence[Checkpoint]
    systems: set[str] = field(default_factory=set)
    _chain: Chain = field(init=False)
    _last: int = field(init=False)
    _newest_held: int = field(init=False)
    _unheld_since: datetime | None = None

    def __post_init__(self) -> None:
        self._chain = Chain(self.held, [*hold(self.held), *self.looks])
        self._last = max(one.number for one in self.looks)
        self._newest_held = max((one.number for one in self.held), default=0)

    @property
    def number(self) -> int:
        """The last entry that was taken."""
        return self._chain.head.number

    @property
    def checkpoints(self) -> int:
        """How many checkpoints it is held against."""
        return len(self.held)

    @property
    def done(self) -> bool:
        """Whether the newest look is reached, or there are so many lines that are no entries that it never will be."""
        return self.number >= self._last or self._chain.lines > self.number + _MOST_ODD

    def take_all(self, lines: Iterable[bytes]) -> None:
        """The next lines, without their line feeds; what follows the newest look is passed over."""
        for line in lines:
            if self.done:
                return
            self._take(line)

    def _take(self, line: bytes) -> None:
        self._chain.take(line)
        late = self._unheld_since is None and self.number > self._newest_held
        # Most lines are of other datasets, and need no second reading.
        if late or self.sought.dataset.encode() in line:
            self._see(line, late)

    def findings(self) -> list[Finding]:
        """What was done to the log, once all was taken that there is."""
        return self._chain.end()

    def is_held(self, now: datetime) -> bool:
        """Whether others hold where the log stands: up to an hour ago at least, or nothing that is missing in it would
        show."""
        since = self._unheld_since
        return self._newest_held > 0 and (since is None or since > now - _UNHELD)

    def _see(self, line: bytes, late: bool) -> None:
        try:
            said = orjson.loads(line)["entry"]
            if late:
                self._unheld_since = datetime.fromisoformat(str(said["at"]))
            system = self.sought.receiver(said)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            # The chain has noticed it already.
            return
        if system is not None:
            self.systems.add(system)


def look(number: int, digest: str) -> Witnessed:
    """What whoever looked holds of the log by the receipt of it."""
    return Witnessed(number, digest, "the receipt of a look at the record", missing=Fault.NEVER_WRITTEN)
