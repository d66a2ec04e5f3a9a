"""A correction request (校核, article 26) as its steps make it: somebody says that an item of a record is wrong, and
the department mends it, and proves that it did, or says why not; kept by the same office as sharing requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

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
    CORRECTED = "corrected"
    UPHELD = "upheld"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    RECEIVERS_ADDED = "receivers-added"
    ANSWER_OVERDUE = "answer-overdue"
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
    """What proves a correction: a published version of the record, and the items in which it differs from the one that
    was said to be wrong."""

    version: Version
    changed: frozenset[str]


Said = Step[CorrectionStep]


@dataclass(frozen=True, slots=True)
class Correction:
    """How a correction request stands. `wrong` is the version that was said to be wrong; `informed` are the systems
    that had received it and were told, `acknowledged` those of them that have confirmed. `received_by` are all that
    received it, by the department's access log, which may find more of them later; `corrected` is the version that
    mends it. `told` is when they were told last; `passed` are the last days that passed with nothing done."""

    state: CorrectionState
    dataset: str
    record: str
    item: str
    wrong: Version
    filed: datetime
    filed_by: str = ""
    by_subject: bool = False
    corrected: Version | None = None
    received_by: frozenset[str] = frozenset()
    informed: frozenset[str] = frozenset()
    acknowledged: frozenset[str] = frozenset()
    told: datetime | None = None
    passed: frozenset[Passed] = frozenset()

    @property
    def open_at(self) -> frozenset[str]:
        """The systems that may still use the wrong value."""
        return self.informed - self.acknowledged


_PASSING = ("clock", "due_on")
RULES: Mapping[CorrectionStep, Rule[CorrectionState]] = {
    CorrectionStep.FILED: rule(
        frozenset({None}), Party.REQUESTER, says=("dataset", "record", "item", "reason")
    ),
    CorrectionStep.CORRECTED: rule(frozenset({CorrectionState.FILED}), Party.PROVIDER),
    CorrectionStep.UPHELD: rule(frozenset({CorrectionState.FILED}), Party.PROVIDER, says=("reason",)),
    CorrectionStep.NOTIFIED: rule(frozenset({CorrectionState.CORRECTED}), Party.BRIDGE),
    CorrectionStep.ACKNOWLEDGED: rule(frozenset({CorrectionState.CORRECTED}), Party.REQUESTER),
    CorrectionStep.RECEIVERS_ADDED: rule(
        frozenset({CorrectionState.CORRECTED}), Party.PROVIDER, says=("received_by",)
    ),
    CorrectionStep.ANSWER_OVERDUE: rule(frozenset({CorrectionState.FILED}), Party.BRIDGE, says=_PASSING),
    CorrectionStep.ACKNOWLEDGEMENT_OVERDUE: rule(
        frozenset({CorrectionState.CORRECTED}), Party.BRIDGE, says=_PASSING
    ),
}

#: The step that records that a clock's last day has passed.
OVERDUE: Mapping[Clock, CorrectionStep] = {
    Clock.CORRECT: CorrectionStep.ANSWER_OVERDUE,
    Clock.ACKNOWLEDGE: CorrectionStep.ACKNOWLEDGEMENT_OVERDUE,
}


def check(stands: Correction | None, step: Said, *, proof: Corrected | None = None) -> None:
    """Raise StepRefused unless the step may come next. `proof` is what the topic shows, for `corrected` alone. Of a
    subject's own step, `member` is the department at whose window the person files."""
    steps.check(RULES, stands.state if stands is not None else None, step)
    if stands is None:
        _check_version(step)
    elif step.kind is CorrectionStep.CORRECTED:
        _check_proof(stands, proof)
    elif step.kind is CorrectionStep.ACKNOWLEDGED and step.facts.get("system") not in stands.open_at:
        raise StepRefused("wrong-party", "that system has nothing to acknowledge")
    elif step.kind is CorrectionStep.RECEIVERS_ADDED and _receivers(step) <= stands.received_by:
        raise StepRefused("wrong-state", "each of these systems is told already")
    elif step.kind in OVERDUE.values() and Passed.said(step.facts) in stands.passed:
        raise StepRefused("wrong-state", "that passing is recorded")


def after(stands: Correction | None, step: Said) -> Correction:
    """How it stands after one more step, which was allowed."""
    if stands is None:
        facts = step.facts
        wrong = _version(step)
        return Correction(
            CorrectionState.FILED,
            str(facts["dataset"]),
            str(facts["record"]),
            str(facts["item"]),
            wrong,
            step.at,
            step.member,
            facts.get("by_subject") is True,
        )
    match step.kind:
        case CorrectionStep.CORRECTED:
            received = _receivers(step)
            mended = _version(step) if "epoch" in step.facts else None
            return replace(stands, state=CorrectionState.CORRECTED, corrected=mended, received_by=received)
        case CorrectionStep.RECEIVERS_ADDED:
            return replace(stands, received_by=stands.received_by | _receivers(step))
        case CorrectionStep.UPHELD:
            return replace(stands, state=CorrectionState.UPHELD)
        case CorrectionStep.NOTIFIED:
            informed = stands.informed | frozenset(step.facts["systems"])
            return replace(stands, informed=informed, told=step.at)
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
    """The step that comes by itself: whoever received the wrong value is told that it was mended."""
    waiting = stands.state is CorrectionState.CORRECTED and stands.received_by - stands.informed
    return CorrectionStep.NOTIFIED if waiting else None


def answer_due(stands: Correction, calendar: WorkingDays) -> date | PendingCalendar | None:
    """The last day for an answer; None once there is one."""
    if stands.state is not CorrectionState.FILED:
        return None
    return due(Clock.CORRECT, stands.filed, calendar)


def running(stands: Correction, calendar: WorkingDays) -> tuple[Clock, date | PendingCalendar] | None:
    """The clock that runs, whoever it runs for, and its last day; None: none runs."""
    answer = answer_due(stands, calendar)
    if answer is not None:
        return Clock.CORRECT, answer
    if stands.told is not None and stands.open_at:
        return Clock.ACKNOWLEDGE, due(Clock.ACKNOWLEDGE, stands.told, calendar)
    return None


def _receivers(step: Said) -> frozenset[str]:
    return frozenset(map(str, step.facts.get("received_by", ())))


def _version(step: Said) -> Version:
    return Version(int(step.facts["epoch"]), int(step.facts["version"]))


def _check_version(step: Said) -> None:
    missing = [name for name in ("epoch", "version") if type(step.facts.get(name)) is not int]
    if missing:
        raise StepRefused("says-too-little", f"filed must say {', '.join(missing)}")


def _check_proof(stands: Correction, proof: Corrected | None) -> None:
    """Corrected is what the topic shows, and not what somebody says."""
    if proof is None or proof.version.order <= stands.wrong.order:
        raise StepRefused("not-corrected", "no later version of the record is published")
    if stands.item not in proof.changed:
        raise StepRefused("not-corrected", f"the later version does not change {stands.item}")
