"""A sharing request as its steps make it: how it stands, which step may come next, and which the law takes by itself;
read by the office that keeps requests, and by whoever supervises it from the steps alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from schemas.contracts.model import Contract
from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing import steps
from schemas.law.sharing.application import Application, Gap, conditional, gaps
from schemas.law.sharing.limits import LIMITS, Clock, due, legal_day
from schemas.law.sharing.passing import Passed
from schemas.law.sharing.request_rules import OVERDUE, RULES, State, StepKind
from schemas.law.sharing.steps import Party, StepRefused
from schemas.law.sharing.terms import Terms, beyond, lacking

Step = steps.Step[StepKind]
_USUAL = Terms()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands after its steps.

    `gaps` is what the application lacked on the day on which it was made. `received` is when it was complete, `agreed`
    when the provider agreed, both aware; `extension` the working days granted on top, `asked` those that the provider
    asked for and the authority has not answered. `noticed`: its one notice of gaps has gone out. `grant` is the id of
    the grant that came of it. `by_day` is the day that an order named, to mend what it was suspended for or to dispose
    of the data. `disputed` is since when (aware) a dispute waits for a decision; `passed` are the last days that passed
    with nothing done. `terms` are those that were asked for, and once the provider has agreed those agreed to.
    """

    state: State
    application: Application
    requester: str
    gaps: tuple[Gap, ...] = ()
    noticed: bool = False
    received: datetime | None = None
    agreed: datetime | None = None
    extension: int = 0
    asked: int = 0
    grant: str | None = None
    disposal_ordered: bool = False
    disposed: bool = False
    by_day: date | None = None
    disputed: datetime | None = None
    passed: frozenset[Passed] = frozenset()
    terms: Terms = _USUAL


def stands(taken: Iterable[Step], contract: Contract) -> Standing | None:
    """How a request stands after steps that were each allowed; None before the first."""
    standing: Standing | None = None
    for step in taken:
        standing = after(standing, step, contract)
    return standing


def after(standing: Standing | None, step: Step, contract: Contract) -> Standing:
    """How it stands after one more step, which was allowed."""
    if standing is None:
        return _applied(None, step, contract)
    match step.kind:
        case StepKind.APPLIED | StepKind.SUPPLEMENTED:
            return _applied(standing, step, contract)
        case StepKind.GAPS_NOTICED:
            return replace(standing, noticed=True)
        case StepKind.AGREED:
            terms = standing.terms.narrowed(Terms.read(step.facts))
            return replace(standing, state=State.AGREED, agreed=step.at, terms=terms)
        case StepKind.EXTENDED:
            granted = standing.extension + int(step.facts["working_days"])
            return replace(standing, extension=granted, asked=0)
        case StepKind.EXTENSION_ASKED:
            return replace(standing, asked=int(step.facts["working_days"]))
        case StepKind.DELIVERED:
            return replace(standing, state=State.IN_FORCE, grant=str(step.facts["grant"]))
        case StepKind.SUSPENDED:
            return replace(standing, state=State.SUSPENDED, by_day=_day(step, "mend_by"))
        case StepKind.DISPOSAL_ORDERED:
            return replace(standing, disposal_ordered=True, by_day=_day(step, "dispose_by"))
        case StepKind.DISPOSED:
            return replace(standing, disposed=True)
        case StepKind.DISPUTED:
            return replace(standing, disputed=standing.disputed or step.at)
        case StepKind.DISPUTE_DECIDED:
            return replace(standing, disputed=None)
        case kind if kind in OVERDUE.values():
            return replace(standing, passed=standing.passed | {Passed.said(step.facts)})
    return replace(standing, state=_ENTERED.get(step.kind, standing.state))


#: The states that steps lead to which change nothing else.
_ENTERED = {
    StepKind.REFUSED: State.REFUSED,
    StepKind.RESUMED: State.IN_FORCE,
    StepKind.ENDED: State.ENDED,
}


def check(standing: Standing | None, step: Step, contract: Contract) -> None:
    """Raise StepRefused unless this step may come next."""
    steps.check(RULES, standing.state if standing is not None else None, step)
    if standing is not None:
        _check_standing(standing, step, contract)


def needed(standing: Standing, contract: Contract, today: date) -> StepKind | None:
    """The step that the law takes by itself, since it leaves nobody a choice: the one notice of all gaps, and consent
    to a complete request for items that are shared without condition."""
    if standing.state is State.INCOMPLETE and not standing.noticed:
        return StepKind.GAPS_NOTICED
    if standing.state is State.RECEIVED and not conditional(standing.application, contract):
        return StepKind.AGREED
    if standing.state is State.AGREED and not conditional(standing.application, contract):
        return StepKind.DELIVERED
    over = standing.application.until is not None and standing.application.until < today
    if over and standing.state in (State.IN_FORCE, State.SUSPENDED):
        return StepKind.ENDED
    if standing.state is State.ENDED and standing.grant is not None and not standing.disposal_ordered:
        return StepKind.DISPOSAL_ORDERED
    return None


def running(
    standing: Standing, contract: Contract, calendar: WorkingDays
) -> tuple[Clock, date | PendingCalendar] | None:
    """The clock that runs, whoever it runs for, and its last day; None: none runs. Where a dispute waits, that is the
    clock of its decision as soon as the law's own has stopped, or its passing is recorded."""
    law = _of_the_law(standing, contract, calendar)
    if standing.disputed is None or not (law is None or _is_recorded(standing, law)):
        return law
    return Clock.DECIDE, due(Clock.DECIDE, standing.disputed, calendar)


def _is_recorded(standing: Standing, clock: tuple[Clock, date | PendingCalendar]) -> bool:
    name, day = clock
    return not isinstance(day, PendingCalendar) and Passed(name, day) in standing.passed


def _of_the_law(
    standing: Standing, contract: Contract, calendar: WorkingDays
) -> tuple[Clock, date | PendingCalendar] | None:
    if standing.state is State.RECEIVED and standing.received is not None:
        clock = _answering(standing.application, contract)
        return clock, due(clock, standing.received, calendar, extension=standing.extension)
    if standing.state is State.AGREED and standing.agreed is not None:
        return Clock.DELIVER, due(Clock.DELIVER, standing.agreed, calendar)
    if standing.state is State.SUSPENDED and standing.by_day is not None:
        return Clock.MEND, standing.by_day
    ordered = standing.disposal_ordered and not standing.disposed
    if standing.state is State.ENDED and ordered and standing.by_day is not None:
        return Clock.DISPOSE, standing.by_day
    return None


def conditions(application: Application, contract: Contract) -> dict[str, str]:
    """The published conditions that a request may be refused by, by name, with their text (articles 14 and 21)."""
    found = {"conditions_of_use": contract.conditions_of_use}
    for name in application.items:
        sharing = contract.items[name].sharing
        for part, text in (("scope", sharing.scope), ("purpose", sharing.purpose)):
            if text:
                found[f"{name}.{part}"] = text
    return {name: text for name, text in found.items() if text}


def _applied(standing: Standing | None, step: Step, contract: Contract) -> Standing:
    application = Application.read(step.facts, step.officer, step.second)
    lacking = gaps(application, contract, legal_day(step.at))
    before = standing or Standing(State.INCOMPLETE, application, step.member)
    return replace(
        before,
        state=State.INCOMPLETE if lacking else State.RECEIVED,
        application=application,
        gaps=lacking,
        received=None if lacking else step.at,
        terms=application.terms,
    )


def _check_standing(standing: Standing, step: Step, contract: Contract) -> None:
    if step.party is Party.REQUESTER and step.member != standing.requester:
        raise StepRefused("wrong-party", "another department applied")
    match step.kind:
        case StepKind.GAPS_NOTICED if standing.noticed:
            raise StepRefused("wrong-state", "there is one notice of all gaps")
        case StepKind.DISPOSED if not standing.disposal_ordered:
            raise StepRefused("wrong-state", "no disposal was ordered")
        case StepKind.DISPOSED if standing.disposed:
            raise StepRefused("wrong-state", "the certificate of disposal is there")
        case StepKind.DISPOSAL_ORDERED if standing.grant is None:
            raise StepRefused("no-use", "nothing was delivered, so there is nothing to dispose of")
        case StepKind.SUSPENDED if _day(step, "mend_by") < legal_day(step.at):
            raise StepRefused("too-soon", "mend_by is a day to come")
        case StepKind.DISPOSAL_ORDERED if _day(step, "dispose_by") < legal_day(step.at):
            raise StepRefused("too-soon", "dispose_by is a day to come")
        case kind if kind in OVERDUE.values() and Passed.said(step.facts) in standing.passed:
            raise StepRefused("wrong-state", "that passing is recorded")
        case StepKind.AGREED:
            _check_terms(standing.terms, Terms.read(step.facts))
        case StepKind.REFUSED:
            _check_condition(standing, step, contract)
        case StepKind.DISPUTE_DECIDED if standing.disputed is None:
            raise StepRefused("wrong-state", "no dispute waits for a decision")
        case StepKind.EXTENSION_ASKED:
            most = LIMITS[_answering(standing.application, contract)].longest_extension
            _check_extension(standing, step, most - standing.extension)
        case StepKind.EXTENDED if standing.asked == 0:
            raise StepRefused("wrong-state", "the provider has not asked for more time")
        case StepKind.EXTENDED:
            _check_extension(standing, step, standing.asked)


def _check_condition(standing: Standing, step: Step, contract: Contract) -> None:
    published = conditions(standing.application, contract)
    if step.facts["condition"] not in published:
        names = ", ".join(published) or "none"
        raise StepRefused(
            "unpublished-condition", f"only a published condition is a ground to refuse; there are: {names}"
        )


def _check_terms(asked: Terms, agreed: Terms) -> None:
    for name, remedy in lacking(agreed):
        raise StepRefused("says-too-little", f"{name}: {remedy}")
    if more := beyond(asked, agreed):
        raise StepRefused("beyond-request", f"more was not asked for: {', '.join(more)}")


def _check_extension(standing: Standing, step: Step, most: int) -> None:
    days = step.facts["working_days"]
    if StepKind.ANSWER_OVERDUE in {OVERDUE[one.clock] for one in standing.passed}:
        raise StepRefused("too-late", "an answer is put off before its last day is over, and not after")
    if type(days) is not int or not 1 <= days <= most:
        raise StepRefused("too-long", f"an answer may be put off by {most} working days more, and no longer")


def _day(step: Step, name: str) -> date:
    try:
        return date.fromisoformat(str(step.facts[name]))
    except (KeyError, ValueError):
        raise StepRefused("says-too-little", f"{name} is a day such as 2026-12-31") from None


def _answering(application: Application, contract: Contract) -> Clock:
    return Clock.ANSWER_CONDITIONAL if conditional(application, contract) else Clock.ANSWER_UNCONDITIONAL
