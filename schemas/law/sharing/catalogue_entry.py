"""A catalogue entry's life (articles 13, 14 and 17) as its steps make it: drafted, approved by the head, submitted,
returned or published, superseded by the next version, retired with notice; kept by the office that keeps the catalogue.

Only a published entry can be asked for. A return names what is wrong, and the entry is drafted again. A major is
retired on a day that its users were told of, and stays until then, whoever still uses it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing import steps
from schemas.law.sharing.limits import Clock, due, legal_day
from schemas.law.sharing.steps import Party, Rule, Step, StepRefused, rule

#: How long before a major ends its users are told; no law says it, so a service level may say more.
SHORTEST_NOTICE = timedelta(days=90)


class EntryState(StrEnum):
    """How an entry stands."""

    DRAFT = "draft"
    APPROVED = "approved by the head"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    RETIRING = "retiring"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class EntryStep(StrEnum):
    """One step of an entry; each is a record, and so an event."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    RETIREMENT_NOTICED = "retirement-noticed"
    RETIRED = "retired"


Taken = Step[EntryStep]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """How an entry stands. `drafted_by` is who drafted it last; `submitted` is aware; `ends` is the day on which a
    major that is retired is no more, and `users` the systems that still used it when the notice went out."""

    state: EntryState
    drafted_by: str
    submitted: datetime | None = None
    ends: date | None = None
    users: tuple[str, ...] = ()

    @property
    def can_be_asked_for(self) -> bool:
        return self.state in (EntryState.PUBLISHED, EntryState.RETIRING)


RULES: Mapping[EntryStep, Rule[EntryState]] = {
    EntryStep.DRAFTED: rule(frozenset({None, EntryState.DRAFT, EntryState.APPROVED}), Party.PROVIDER),
    EntryStep.APPROVED: rule(frozenset({EntryState.DRAFT}), Party.PROVIDER),
    EntryStep.SUBMITTED: rule(frozenset({EntryState.APPROVED}), Party.PROVIDER),
    EntryStep.RETURNED: rule(frozenset({EntryState.SUBMITTED}), Party.AUTHORITY, says=("gaps",)),
    EntryStep.PUBLISHED: rule(frozenset({EntryState.SUBMITTED}), Party.AUTHORITY),
    EntryStep.SUPERSEDED: rule(frozenset({EntryState.PUBLISHED, EntryState.RETIRING}), Party.BRIDGE),
    EntryStep.RETIREMENT_NOTICED: rule(
        frozenset({EntryState.PUBLISHED}), Party.AUTHORITY, says=("ends", "reason")
    ),
    EntryStep.RETIRED: rule(frozenset({EntryState.RETIRING}), Party.BRIDGE),
}
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
    if step.kind is EntryStep.RETIREMENT_NOTICED and _ends(step) - legal_day(step.at) < SHORTEST_NOTICE:
        raise StepRefused("too-soon", f"users are told {SHORTEST_NOTICE.days} days before, or earlier")
    if step.kind is EntryStep.RETIRED and entry is not None and not _is_over(entry, step.at):
        raise StepRefused("too-soon", "the day that users were told has not come")


def after(entry: CatalogueEntry | None, step: Taken) -> CatalogueEntry:
    """How it stands after one more step, which was allowed."""
    if entry is None or step.kind is EntryStep.DRAFTED:
        return CatalogueEntry(EntryState.DRAFT, step.officer)
    if step.kind is EntryStep.SUBMITTED:
        return replace(entry, state=EntryState.SUBMITTED, submitted=step.at)
    if step.kind is EntryStep.RETIREMENT_NOTICED:
        users = tuple(sorted(step.facts.get("users", ())))
        return replace(entry, state=EntryState.RETIRING, ends=_ends(step), users=users)
    return replace(entry, state=_LEADS_TO[step.kind])


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


def _ends(step: Taken) -> date:
    try:
        return date.fromisoformat(step.facts["ends"])
    except (TypeError, ValueError):
        raise StepRefused("says-too-little", "ends is a day such as 2026-12-31") from None


def _is_over(entry: CatalogueEntry, now: datetime) -> bool:
    return entry.ends is not None and legal_day(now) >= entry.ends
