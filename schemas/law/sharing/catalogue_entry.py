"""A catalogue entry's life (articles 13, 14 and 17) as its steps make it: drafted, approved by the head, submitted,
returned or published, superseded by the next version, retired with notice; kept by the office that keeps the catalogue.

Only a published entry can be asked for. A return names what is wrong, and the entry is drafted again. A major is
retired on a day that its users were told of, and stays until then, whoever still uses it; that day is also the one of
whatever version of it is published meanwhile. A published entry is told of
each change of law or duty that it does not fit any more: from the day of the change its department has ten working
days to submit the next version, and five more where the authority consents. A return of that version lets the same
clock run on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing import steps
from schemas.law.sharing.entry_rules import OVERDUE, RULES, EntryState, EntryStep
from schemas.law.sharing.limits import LIMITS, Clock, due, due_after, legal_day
from schemas.law.sharing.passing import Passed
from schemas.law.sharing.steps import Party, Step, StepRefused

#: How long before a major ends its users are told; no law says it, so a service level may say more.
SHORTEST_NOTICE = timedelta(days=90)


Taken = Step[EntryStep]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """How an entry stands. `drafted_by` is who drafted it last; `submitted` is aware; `ends` is the day on which a
    major that is retired is no more, and `users` the members that still use it: those that may, and those that did by
    the department's access log, which are `used` with the day of their last use ("": somebody who is no member's);
    `told_on` is when the department said that, None: it has not. `changed` is the first day of a change of law or duty
    that it does not fit, `extension` the working days granted on top to update it, `next` the version that was
    submitted in its place; `passed` are the last days that passed with nothing done."""

    state: EntryState
    drafted_by: str
    submitted: datetime | None = None
    ends: date | None = None
    users: tuple[str, ...] = ()
    used: Mapping[str, date] = field(default_factory=dict)
    told_on: date | None = None
    changed: date | None = None
    extension: int = 0
    next: str | None = None
    passed: frozenset[Passed] = frozenset()

    @property
    def can_be_asked_for(self) -> bool:
        return self.state in (EntryState.PUBLISHED, EntryState.RETIRING)


_LEADS_TO = {
    EntryStep.APPROVED: EntryState.APPROVED,
    EntryStep.RETURNED: EntryState.DRAFT,
    EntryStep.PUBLISHED: EntryState.PUBLISHED,
    EntryStep.SUPERSEDED: EntryState.SUPERSEDED,
    EntryStep.RETIRED: EntryState.RETIRED,
}


def check(entry: CatalogueEntry | None, step: Taken) -> None:
    """Raise StepRefused unless the step may come next."""
    steps.check(RULES, entry.state if entry is not None else None, step)
    if step.kind is EntryStep.APPROVED and entry is not None and step.officer == entry.drafted_by:
        raise StepRefused("two-people", "the head who approves is not the officer who drafted")
    early = step.kind is EntryStep.RETIREMENT_NOTICED and step.party is Party.AUTHORITY
    if early and _ends(step) - legal_day(step.at) < SHORTEST_NOTICE:
        raise StepRefused("too-soon", f"users are told {SHORTEST_NOTICE.days} days before, or earlier")
    if step.kind is EntryStep.RETIRED and entry is not None and not _is_over(entry, step.at):
        raise StepRefused("too-soon", "the day that users were told has not come")
    if entry is not None:
        _check_update(entry, step)


def after(entry: CatalogueEntry | None, step: Taken) -> CatalogueEntry:
    """How it stands after one more step, which was allowed."""
    if entry is None or step.kind is EntryStep.DRAFTED:
        return CatalogueEntry(EntryState.DRAFT, step.officer)
    if step.kind is EntryStep.SUBMITTED:
        return replace(entry, state=EntryState.SUBMITTED, submitted=step.at)
    if step.kind is EntryStep.RETIREMENT_NOTICED:
        return replace(entry, state=EntryState.RETIRING, ends=_ends(step), users=_users(step))
    if step.kind is EntryStep.USERS_RECOUNTED:
        return replace(entry, users=_users(step), used=_used(step), told_on=_told_on(step))
    if step.kind in OVERDUE.values():
        return replace(entry, passed=entry.passed | {Passed.said(step.facts)})
    if step.kind in _LEADS_TO:
        return replace(entry, state=_LEADS_TO[step.kind])
    return _after_change(entry, step)


def folded(taken: Iterable[Taken]) -> CatalogueEntry | None:
    """How it stands after steps that were each allowed; None before the first."""
    entry: CatalogueEntry | None = None
    for step in taken:
        entry = after(entry, step)
    return entry


def needed(entry: CatalogueEntry, now: datetime) -> EntryStep | None:
    """The step that comes by itself: a major ends on the day that its users were told."""
    return EntryStep.RETIRED if entry.state is EntryState.RETIRING and _is_over(entry, now) else None


def review_due(entry: CatalogueEntry, calendar: WorkingDays) -> date | PendingCalendar | None:
    """The last day for the authority to publish or return what was submitted; None where nothing is."""
    if entry.state is not EntryState.SUBMITTED or entry.submitted is None:
        return None
    return due(Clock.REVIEW_CATALOGUE, entry.submitted, calendar)


def running(entry: CatalogueEntry, calendar: WorkingDays) -> tuple[Clock, date | PendingCalendar] | None:
    """The clock that runs, whoever it runs for, and its last day; None: none runs."""
    review = review_due(entry, calendar)
    if review is not None:
        return Clock.REVIEW_CATALOGUE, review
    if entry.state is not EntryState.PUBLISHED or entry.changed is None or entry.next is not None:
        return None
    clock = Clock.UPDATE_CATALOGUE
    return clock, due_after(clock, entry.changed, calendar, extension=entry.extension)


def _after_change(entry: CatalogueEntry, step: Taken) -> CatalogueEntry:
    """After a step that concerns a change of law or duty. Of several changes the first day counts until the entry of
    the next version, which answers them all, is submitted."""
    match step.kind:
        case EntryStep.CHANGE_TOLD:
            day = _day(step, "changed_on")
            if entry.changed is None or entry.next is not None:
                return replace(entry, changed=day, extension=0, next=None)
            return replace(entry, changed=min(day, entry.changed))
        case EntryStep.UPDATE_EXTENDED:
            return replace(entry, extension=entry.extension + int(step.facts["working_days"]))
        case EntryStep.UPDATE_SUBMITTED:
            return replace(entry, next=str(step.facts["version"]))
    return replace(entry, next=None)


def _check_update(entry: CatalogueEntry, step: Taken) -> None:
    open_ = entry.changed is not None and entry.next is None
    match step.kind:
        case EntryStep.CHANGE_TOLD:
            _day(step, "changed_on")
        case EntryStep.UPDATE_EXTENDED | EntryStep.UPDATE_SUBMITTED if not open_:
            raise StepRefused("wrong-state", "no change waits for the next version")
        case EntryStep.UPDATE_RETURNED if entry.next is None:
            raise StepRefused("wrong-state", "no next version was submitted")
        case EntryStep.UPDATE_EXTENDED:
            _check_extension(entry, step)
        case kind if kind in OVERDUE.values() and Passed.said(step.facts) in entry.passed:
            raise StepRefused("wrong-state", "that passing is recorded")


def _check_extension(entry: CatalogueEntry, step: Taken) -> None:
    if any(one.clock is Clock.UPDATE_CATALOGUE for one in entry.passed):
        raise StepRefused("too-late", "an update is put off before its last day is over, and not after")
    days, most = (
        step.facts["working_days"],
        LIMITS[Clock.UPDATE_CATALOGUE].longest_extension - entry.extension,
    )
    if type(days) is not int or not 1 <= days <= most:
        raise StepRefused("too-long", f"an update may be put off by {most} working days more, and no longer")


def _users(step: Taken) -> tuple[str, ...]:
    return tuple(sorted(step.facts.get("users", ())))


def _used(step: Taken) -> dict[str, date]:
    return {str(who): date.fromisoformat(day) for who, day in step.facts.get("used", {}).items()}


def _told_on(step: Taken) -> date | None:
    return _day(step, "told_on") if "told_on" in step.facts else None


def _ends(step: Taken) -> date:
    return _day(step, "ends")


def _day(step: Taken, name: str) -> date:
    try:
        return date.fromisoformat(step.facts[name])
    except (TypeError, ValueError):
        raise StepRefused("says-too-little", f"{name} is a day such as 2026-12-31") from None


def _is_over(entry: CatalogueEntry, now: datetime) -> bool:
    return entry.ends is not None and legal_day(now) >= entry.ends
