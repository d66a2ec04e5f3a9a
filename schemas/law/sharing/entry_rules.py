"""The states and steps of a catalogue entry, and who takes which when; read by `catalogue_entry`."""

from collections.abc import Mapping
from enum import StrEnum

from schemas.law.sharing.limits import Clock
from schemas.law.sharing.steps import Party, Rule, rule


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
    USERS_RECOUNTED = "users-recounted"
    RETIRED = "retired"
    CHANGE_TOLD = "change-told"
    UPDATE_EXTENDED = "update-extended"
    UPDATE_SUBMITTED = "update-submitted"
    UPDATE_RETURNED = "update-returned"
    REVIEW_OVERDUE = "review-overdue"
    UPDATE_OVERDUE = "update-overdue"


_PASSING = ("clock", "due_on")
RULES: Mapping[EntryStep, Rule[EntryState]] = {
    EntryStep.DRAFTED: rule(frozenset({None, EntryState.DRAFT, EntryState.APPROVED}), Party.PROVIDER),
    EntryStep.APPROVED: rule(frozenset({EntryState.DRAFT}), Party.PROVIDER),
    EntryStep.SUBMITTED: rule(frozenset({EntryState.APPROVED}), Party.PROVIDER),
    EntryStep.RETURNED: rule(frozenset({EntryState.SUBMITTED}), Party.AUTHORITY, says=("gaps",)),
    EntryStep.PUBLISHED: rule(frozenset({EntryState.SUBMITTED}), Party.AUTHORITY),
    EntryStep.SUPERSEDED: rule(frozenset({EntryState.PUBLISHED, EntryState.RETIRING}), Party.BRIDGE),
    EntryStep.RETIREMENT_NOTICED: rule(
        frozenset({EntryState.PUBLISHED}), Party.AUTHORITY, Party.BRIDGE, says=("ends", "reason")
    ),
    EntryStep.USERS_RECOUNTED: rule(frozenset({EntryState.RETIRING}), Party.BRIDGE),
    EntryStep.RETIRED: rule(frozenset({EntryState.RETIRING}), Party.BRIDGE),
    EntryStep.CHANGE_TOLD: rule(
        frozenset({EntryState.PUBLISHED}), Party.PROVIDER, Party.AUTHORITY, says=("changed_on", "basis")
    ),
    EntryStep.UPDATE_EXTENDED: rule(
        frozenset({EntryState.PUBLISHED}), Party.AUTHORITY, says=("working_days", "reason")
    ),
    EntryStep.UPDATE_SUBMITTED: rule(frozenset({EntryState.PUBLISHED}), Party.BRIDGE, says=("version",)),
    EntryStep.UPDATE_RETURNED: rule(frozenset({EntryState.PUBLISHED}), Party.BRIDGE),
    EntryStep.REVIEW_OVERDUE: rule(frozenset({EntryState.SUBMITTED}), Party.BRIDGE, says=_PASSING),
    EntryStep.UPDATE_OVERDUE: rule(frozenset({EntryState.PUBLISHED}), Party.BRIDGE, says=_PASSING),
}

#: The step that records that a clock's last day has passed.
OVERDUE: Mapping[Clock, EntryStep] = {
    Clock.REVIEW_CATALOGUE: EntryStep.REVIEW_OVERDUE,
    Clock.UPDATE_CATALOGUE: EntryStep.UPDATE_OVERDUE,
}
