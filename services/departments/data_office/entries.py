"""Catalogue entries as the office keeps them: the law's rules, the bridge's own steps, and an entry as a record."""

from dataclasses import dataclass
from datetime import datetime

from schemas.contracts.model import Contract
from schemas.law.calendar import WorkingDays
from schemas.law.sharing import catalogue_entry
from schemas.law.sharing.catalogue_entry import CatalogueEntry, EntryState, EntryStep, Taken
from schemas.law.sharing.limits import Clock
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
class EntryRules:
    """The rules for one entry: the contract that it is of and its version, who keeps the data, and the authority."""

    contract: Contract
    version: str
    provider: str
    office: str
    calendar: WorkingDays

    def check(self, standing: CatalogueEntry | None, step: Taken) -> None:
        catalogue_entry.check(standing, step)

    def after(self, standing: CatalogueEntry | None, step: Taken) -> CatalogueEntry:
        return catalogue_entry.after(standing, step)

    def own(self, standing: CatalogueEntry, now: datetime) -> Taken | None:
        kind = catalogue_entry.needed(standing, now)
        return Taken(kind, now, Party.BRIDGE, self.office) if kind is not None else None

    def record(self, standing: CatalogueEntry) -> dict[str, Value]:
        due = catalogue_entry.review_due(standing, self.calendar)
        return {
            "dataset": self.contract.dataset,
            "version": self.version,
            "major": int(self.version.partition(".")[0]),
            "provider": self.provider,
            "state": standing.state.value,
            "submitted_at": standing.submitted,
            "ends_on": standing.ends,
            "users": ",".join(standing.users) or None,
            **clock_values(Clock.REVIEW_CATALOGUE if due is not None else None, due),
        }

    def parties(self) -> dict[Party, str]:
        """Who is what: the provider drafts, the authority publishes."""
        return {Party.PROVIDER: self.provider, Party.AUTHORITY: self.office}


#: The steps that make an entry published, by the party that takes each.
PUBLISHING = (
    (EntryStep.DRAFTED, Party.PROVIDER),
    (EntryStep.APPROVED, Party.PROVIDER),
    (EntryStep.SUBMITTED, Party.PROVIDER),
    (EntryStep.PUBLISHED, Party.AUTHORITY),
)
