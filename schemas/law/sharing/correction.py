"""A correction request (校核, article 26) as its steps make it: somebody says that an item of a record is wrong, and
the department mends it, and proves that it did, or says why not; whoever had received it is told, as the department's
access log shows. Kept by the same office as sharing requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing import steps
from schemas.law.sharing.limits import Clock, due
from schemas.law.sharing.passing import Passed
from schemas.law.sharing.steps import Party, Rule, Step, StepRefused, rule


class CorrectionState(StrEnum):
    """How a correction request stands."""

    FILED = "filed"
    CORRECTED = "corrected"
    UPHELD = "upheld"


class CorrectionStep(StrEnum):
    """One step of a correction request; each is a record, and so an event."""

    FILED = "filed"
    LOOKED = "looked"
    CORRECTED = "corrected"
    UPHELD = "upheld"
    RECEIVERS_READ = "receivers-read"
    LOG_CONTRADICTED = "log-contradicted"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    RECEIVERS_ADDED = "receivers-added"
    ANSWER_OVERDUE = "answer-overdue"
    RECEIVERS_OVERDUE = "receivers-overdue"
    ACKNOWLEDGEMENT_OVERDUE = "acknowledgement-overdue"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a record on its topic: where it stands in the record's order."""

    epoch: int
    version: int

    @property
    def order(self) -> tuple[int, int]:
        return self.epoch, self.version


@dataclass(frozen=True, slots=True)
class Corrected:
    """What proves a correction: a published version of the record, and the items in which it differs from how the
    office saw the record when the request was filed."""

    version: Version
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Look:
    """How the record stood when the request was filed, as the office saw for itself: its version and a digest of the
    item's value, and where that look stands in the access log of the department's node."""

    version: Version
    was: Mapping[str, str]
    node: str
    entry: int
    hash: str


Said = Step[CorrectionStep]


@dataclass(frozen=True, slots=True)
class Correction:
    """How a correction request stands. `wrong` is the version that was said to be wrong, by which nothing is judged;
    `by_subject` says that by the record's department it is about the person who files. `looked`: the office has seen
    how the record stood, its `look`, None: there was none; `corrected` is the version that mends that, since `closed`.
    `received_by` are all systems that received the wrong value: those that the department's access log shows, which is
    `read` once the office has held all of it against what others hold, and those that the department names beside it;
    `contradictions` are what the office found that was done to that log. `told` are the systems that were told, and
    when; `acknowledged` those of them that have confirmed. `passed` are the last days that passed with nothing done."""

    state: CorrectionState
    dataset: str
    record: str
    item: str
    wrong: Version
    filed: datetime
    filed_by: str = ""
    by_subject: bool = False
    looked: bool = False
    look: Look | None = None
    corrected: Version | None = None
    closed: datetime | None = None
    received_by: frozenset[str] = frozenset()
    read: bool = False
    contradictions: frozenset[str] = frozenset()
    told: Mapping[str, datetime] = field(default_factory=dict)
    acknowledged: frozenset[str] = frozenset()
    passed: frozenset[Passed] = frozenset()

    @property
    def open_at(self) -> frozenset[str]:
        """The systems that may still use the wrong value."""
        return frozenset(self.told) - self.acknowledged

    @property
    def untold(self) -> frozenset[str]:
        """The systems that received the wrong value and were not told yet."""
        return self.received_by - frozenset(self.told)


_PASSING = ("clock", "due_on")
RULES: Mapping[CorrectionStep, Rule[CorrectionState]] = {
    CorrectionStep.FILED: rule(
        frozenset({None}), Party.REQUESTER, says=("dataset", "record", "item", "reason")
    ),
    CorrectionStep.LOOKED: rule(frozenset({CorrectionState.FILED}), Party.BRIDGE),
    CorrectionStep.CORRECTED: rule(frozenset({CorrectionState.FILED}), Party.PROVIDER),
    CorrectionStep.UPHELD: rule(frozenset({CorrectionState.FILED}), Party.PROVIDER, says=("reason",)),
    CorrectionStep.NOTIFIED: rule(frozenset({CorrectionState.CORRECTED}), Party.BRIDGE),
    CorrectionStep.ACKNOWLEDGED: rule(frozenset({CorrectionState.CORRECTED}), Party.REQUESTER),
    CorrectionStep.RECEIVERS_ADDED: rule(
        frozenset({CorrectionState.CORRECTED}), Party.PROVIDER, says=("received_by",)
    ),
    CorrectionStep.RECEIVERS_READ: rule(frozenset({CorrectionState.CORRECTED}), Party.BRIDGE),
    CorrectionStep.LOG_CONTRADICTED: rule(
        frozenset({CorrectionState.CORRECTED}), Party.BRIDGE, says=("findings",)
    ),
    CorrectionStep.ANSWER_OVERDUE: rule(frozenset({CorrectionState.FILED}), Party.BRIDGE, says=_PASSING),
    CorrectionStep.RECEIVERS_OVERDUE: rule(
        frozenset({CorrectionState.CORRECTED}), Party.BRIDGE, says=_PASSING
    ),
    CorrectionStep.ACKNOWLEDGEMENT_OVERDUE: rule(
        frozenset({CorrectionState.CORRECTED}), Party.BRIDGE, says=_PASSING
    ),
}

#: What a look says that shows no such record: everybody reads the step's kind, and not what it says.
ABSENT = "absent"
#: What comes of reading the department's access log.
_OF_LOG = (CorrectionStep.RECEIVERS_READ, CorrectionStep.LOG_CONTRADICTED)
#: The step that records that a clock's last day has passed.
OVERDUE: Mapping[Clock, CorrectionStep] = {
    Clock.CORRECT: CorrectionStep.ANSWER_OVERDUE,
    Clock.RECEIVERS: CorrectionStep.RECEIVERS_OVERDUE,
    Clock.ACKNOWLEDGE: CorrectionStep.ACKNOWLEDGEMENT_OVERDUE,
}


def check(stands: Correction | None, step: Said, *, proof: Corrected | None = None) -> None:
    """Raise StepRefused unless the step may come next. `proof` is what record and topic show, for `corrected` alone.
    Of a subject's own step, `member` is the one whose system identified the person."""
    steps.check(RULES, stands.state if stands is not None else None, step)
    if stands is None:
        _check_version(step)
    elif step.kind is CorrectionStep.LOOKED and stands.looked:
        raise StepRefused("wrong-state", "it is looked at already")
    elif step.kind is CorrectionStep.CORRECTED:
        _check_proof(stands, proof)
    elif step.kind is CorrectionStep.ACKNOWLEDGED and step.facts.get("system") not in stands.open_at:
        raise StepRefused("wrong-party", "that system has nothing to acknowledge")
    elif step.kind is CorrectionStep.RECEIVERS_ADDED and _receivers(step) <= stands.received_by:
        raise StepRefused("wrong-state", "each of these systems is told already")
    elif step.kind in _OF_LOG and stands.read:
        raise StepRefused("wrong-state", "the access log is read")
    elif step.kind is CorrectionStep.LOG_CONTRADICTED and _is_known(stands, step):
        raise StepRefused("wrong-state", "that contradiction is recorded")
    elif step.kind in OVERDUE.values() and Passed.said(step.facts) in stands.passed:
        raise StepRefused("wrong-state", "that passing is recorded")


def after(stands: Correction | None, step: Said) -> Correction:
    """How it stands after one more step, which was allowed."""
    if stands is None:
        facts = step.facts
        return Correction(
            CorrectionState.FILED,
            str(facts["dataset"]),
            str(facts["record"]),
            str(facts["item"]),
            _version(step),
            step.at,
            step.member,
            _is_by_subject(facts),
        )
    match step.kind:
        case CorrectionStep.LOOKED:
            return replace(stands, looked=True, look=None if ABSENT in step.facts else _look(step))
        case CorrectionStep.CORRECTED:
            mended = _version(step) if "epoch" in step.facts else None
            closed = replace(stands, state=CorrectionState.CORRECTED, corrected=mended, closed=step.at)
            return _with_receivers(closed, step)
        case CorrectionStep.RECEIVERS_ADDED:
            return _with_receivers(stands, step)
        case CorrectionStep.RECEIVERS_READ:
            return replace(_with_receivers(stands, step), read=True)
        case CorrectionStep.LOG_CONTRADICTED:
            found = stands.contradictions | _findings(step)
            return replace(_with_receivers(stands, step), contradictions=found)
        case CorrectionStep.UPHELD:
            return replace(stands, state=CorrectionState.UPHELD)
        case CorrectionStep.NOTIFIED:
            return replace(stands, told={**dict.fromkeys(step.facts["systems"], step.at), **stands.told})
        case CorrectionStep.ACKNOWLEDGED:
            return replace(stands, acknowledged=stands.acknowledged | {str(step.facts["system"])})
        case kind if kind in OVERDUE.values():
            return replace(stands, passed=stands.passed | {Passed.said(step.facts)})
    return stands


def folded(taken: Iterable[Said]) -> Correction | None:
    """How it stands after steps that were each allowed; None before the first."""
    stands: Correction | None = None
    for step in taken:
        stands = after(stands, step)
    return stands


def needed(stands: Correction) -> CorrectionStep | None:
    """The step that comes by itself: whoever received the wrong value is told once that it was mended."""
    waiting = stands.state is CorrectionState.CORRECTED and stands.untold
    return CorrectionStep.NOTIFIED if waiting else None


def answer_due(stands: Correction, calendar: WorkingDays) -> date | PendingCalendar | None:
    """The last day for an answer; None once there is one."""
    if stands.state is not CorrectionState.FILED:
        return None
    return due(Clock.CORRECT, stands.filed, calendar)


def running(stands: Correction, calendar: WorkingDays) -> tuple[Clock, date | PendingCalendar] | None:
    """The clock that runs, whoever it runs for, and its last day; None: none runs. Of several systems that have to
    acknowledge it is that of whoever was told first. That the log be read comes before; where it contradicts what
    others hold, after, for then it may never be whole."""
    answer = answer_due(stands, calendar)
    if answer is not None:
        return Clock.CORRECT, answer
    unread = None if stands.read or stands.closed is None else due(Clock.RECEIVERS, stands.closed, calendar)
    if stands.open_at and (unread is None or stands.contradictions):
        first = min(stands.told[one] for one in stands.open_at)
        return Clock.ACKNOWLEDGE, due(Clock.ACKNOWLEDGE, first, calendar)
    return (Clock.RECEIVERS, unread) if unread is not None else None


def _is_by_subject(facts: Mapping[str, Any]) -> bool:
    """Where whoever filed said so alone, as steps of before do, that shows nothing: by which act the person was
    identified is written where the record's department has said that it is theirs."""
    return facts.get("by_subject") is True and bool(facts.get("identified"))


def _with_receivers(stands: Correction, step: Said) -> Correction:
    return replace(stands, received_by=stands.received_by | _receivers(step))


def _is_known(stands: Correction, step: Said) -> bool:
    return _findings(step) <= stands.contradictions and _receivers(step) <= stands.received_by


def _findings(step: Said) -> frozenset[str]:
    return frozenset(map(str, step.facts["findings"]))


def _receivers(step: Said) -> frozenset[str]:
    return frozenset(map(str, step.facts.get("received_by", ())))


def _look(step: Said) -> Look:
    said = step.facts
    return Look(_version(step), said["was"], str(said["node"]), int(said["entry"]), str(said["hash"]))


def _version(step: Said) -> Version:
    return Version(int(step.facts["epoch"]), int(step.facts["version"]))


def _check_version(step: Said) -> None:
    missing = [name for name in ("epoch", "version") if type(step.facts.get(name)) is not int]
    if missing:
        raise StepRefused("says-too-little", f"filed must say {', '.join(missing)}")


def _check_proof(stands: Correction, proof: Corrected | None) -> None:
    """Corrected is what has changed since the office looked, and not what somebody says, nor against what somebody
    says."""
    if not stands.looked:
        raise StepRefused("not-looked", "the office has not seen yet how the record stands unmended")
    if stands.look is None:
        raise StepRefused("not-corrected", "there was no such record to mend when the office looked")
    if proof is None or proof.version.order <= stands.look.version.order:
        raise StepRefused("not-corrected", "no later version of the record is published")
    if stands.item not in proof.changed:
        raise StepRefused("not-corrected", f"the later version does not change {stands.item}")
