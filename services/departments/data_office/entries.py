"""Catalogue entries as the office keeps them: the law's rules, the bridge's own steps, and an entry as a record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.contracts.model import Contract
from schemas.law.calendar import WorkingDays
from schemas.law.sharing import catalogue_entry
from schemas.law.sharing.catalogue_entry import CatalogueEntry, Taken
from schemas.law.sharing.entry_rules import OVERDUE, EntryState, EntryStep
from schemas.law.sharing.limits import legal_day
from schemas.law.sharing.passing import passed
from schemas.law.sharing.steps import Party
from schemas.query.bound import Value
from services.departments.data_office.matters import Record, clock_values


def entry_id(contract: Contract, provider: str) -> str:
    """The entry of one version of a contract at one department: `330200.taxation.arrears:1.0.0`."""
    return f"{provider}.{contract.name}:{contract.version}"


def askable(record: Record) -> bool:
    """Whether what the entry describes can be asked for, by the entry's record."""
    return CatalogueEntry(EntryState(str(record["state"])), "").can_be_asked_for


@dataclass(frozen=True, slots=True)
class Successor:
    """The entry of a later version that is before the authority, or was published, and since when (aware)."""

    version: str
    submitted: datetime


@dataclass(frozen=True, slots=True)
class EntryRules:
    """The rules for one entry: the contract that it is of and its version, who keeps the data, the authority, and the
    later versions that were submitted, the members that may use it (None: nobody looked), who used it when as the
    department told just now (None: it did not), and the day on which its major ends by another version's notice."""

    contract: Contract
    version: str
    provider: str
    office: str
    calendar: WorkingDays
    successors: tuple[Successor, ...] | None = None
    users: tuple[str, ...] | None = None
    used: Mapping[str, date] | None = None
    ends: date | None = None

    def check(self, standing: CatalogueEntry | None, step: Taken) -> None:
        catalogue_entry.check(standing, step)

    def after(self, standing: CatalogueEntry | None, step: Taken) -> CatalogueEntry:
        return catalogue_entry.after(standing, step)

    def own(self, standing: CatalogueEntry, now: datetime) -> Taken | None:
        clock = catalogue_entry.running(standing, self.calendar)
        late, answer = passed(clock, standing.passed, now), self._answer(standing)
        if late is not None and (answer is None or legal_day(answer.submitted) > late.due):
            return self._said(OVERDUE[late.clock], now, late.facts)
        if answer is not None:
            return self._said(EntryStep.UPDATE_SUBMITTED, now, {"version": answer.version})
        if standing.next is not None and self._is_returned(standing.next):
            return self._said(EntryStep.UPDATE_RETURNED, now, {})
        if standing.state is EntryState.PUBLISHED and self.ends is not None:
            return self._said(EntryStep.RETIREMENT_NOTICED, now, self._also_ends(self.ends))
        if (counted := self._counted(standing, now)) is not None:
            return self._said(EntryStep.USERS_RECOUNTED, now, counted)
        kind = catalogue_entry.needed(standing, now)
        return self._said(kind, now, {}) if kind is not None else None

    def record(self, standing: CatalogueEntry) -> dict[str, Value]:
        clock, due = catalogue_entry.running(standing, self.calendar) or (None, None)
        return {
            "dataset": self.contract.dataset,
            "version": self.version,
            "major": int(self.version.partition(".")[0]),
            "provider": self.provider,
            "state": standing.state.value,
            "submitted_at": standing.submitted,
            "ends_on": standing.ends,
            "users": ",".join(standing.users) or None,
            **clock_values(clock, due),
        }

    def _said(self, kind: EntryStep, now: datetime, facts: Mapping[str, Any]) -> Taken:
        return Taken(kind, now, Party.BRIDGE, self.office, facts=facts)

    def _also_ends(self, ends: date) -> dict[str, Any]:
        reason = "another version of its major was told to end on that day"
        return {"ends": ends.isoformat(), "reason": reason, "users": list(self.users or ())}

    def _counted(self, standing: CatalogueEntry, now: datetime) -> dict[str, Any] | None:
        """Who still uses what retires: those that may, and those that did; None where that is as it stands."""
        if standing.state is not EntryState.RETIRING or self.users is None:
            return None
        used = standing.used if self.used is None else dict(self.used)
        told = legal_day(now) if self._tells_anew(standing) else standing.told_on
        users = tuple(sorted({*self.users, *filter(None, used)}))
        if (users, used, told) == (standing.users, standing.used, standing.told_on):
            return None
        days = {who: day.isoformat() for who, day in sorted(used.items())}
        said = {"users": list(users), "used": days}
        return said if told is None else said | {"told_on": told.isoformat()}

    def _tells_anew(self, standing: CatalogueEntry) -> bool:
        """Whether the department told just now who used it, for the first time or otherwise than before."""
        return self.used is not None and (standing.told_on is None or self.used != standing.used)

    def _answer(self, standing: CatalogueEntry) -> Successor | None:
        """The later version that answers the change that waits: the first that was submitted since its day."""
        if (
            standing.state is not EntryState.PUBLISHED
            or standing.changed is None
            or standing.next is not None
        ):
            return None
        since = standing.changed
        return next((one for one in self.successors or () if legal_day(one.submitted) >= since), None)

    def _is_returned(self, version: str) -> bool:
        return self.successors is not None and version not in {one.version for one in self.successors}

    def parties(self) -> dict[Party, str]:
        """Who is what: the provider drafts, the authority publishes."""
        return {Party.PROVIDER: self.provider, Party.AUTHORITY: self.office}


def later(record: Record, others: Iterable[Record]) -> list[Record]:
    """Those of the entries that are of a later version of the same dataset at the same department."""
    same = [one for one in others if _data(one) == _data(record)]
    return [one for one in same if order(one) > order(record)]


def submitted(records: Iterable[Record]) -> tuple[Successor, ...]:
    """Those of the entries that are before the authority, or were published, the first one submitted first."""
    found = []
    for one in records:
        at = one["submitted_at"]
        if one["state"] not in _DRAFTS and isinstance(at, datetime):
            found.append(Successor(str(one["version"]), at))
    return tuple(sorted(found, key=lambda one: one.submitted))


def drafts(records: Iterable[Record]) -> bool:
    """Whether one of the entries is being drafted, or was returned."""
    return any(one["state"] in _DRAFTS for one in records)


def order(record: Record) -> tuple[int, ...]:
    """By which an entry's versions follow each other."""
    return tuple(int(part) for part in str(record["version"]).split("."))


def _data(record: Record) -> tuple[Value, ...]:
    return record["dataset"], record["provider"]


_DRAFTS = (EntryState.DRAFT.value, EntryState.APPROVED.value)
#: The steps that make an entry published, by the party that takes each.
PUBLISHING = (
    (EntryStep.DRAFTED, Party.PROVIDER),
    (EntryStep.APPROVED, Party.PROVIDER),
    (EntryStep.SUBMITTED, Party.PROVIDER),
    (EntryStep.PUBLISHED, Party.AUTHORITY),
)
