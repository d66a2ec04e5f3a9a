"""The desk of the catalogue: entries drafted, published, superseded and retired; called by `routes` and `office`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract
from schemas.law.calendar import WorkingDays
from schemas.law.sharing.catalogue_entry import CatalogueEntry, folded
from schemas.law.sharing.catalogue_entry import Taken as Step
from schemas.law.sharing.entry_rules import RULES, EntryState, EntryStep
from schemas.law.sharing.limits import Clock
from schemas.law.sharing.steps import Party, StepRefused
from schemas.query.bound import Value
from schemas.query.tree import Operator
from schemas.trust.uses import Uses
from schemas.wire.problem import Problem
from services.departments.data_office.desk import Desk, Outcome
from services.departments.data_office.entries import (
    EntryRules,
    askable,
    drafts,
    entry_id,
    later,
    order,
    submitted,
)
from services.departments.data_office.matters import ENTRIES, REQUESTS, Record
from services.departments.data_office.people import People
from services.departments.data_office.providers import provider_of
from services.departments.data_office.requests import GRANTED
from services.engine.source.port import Once

Kept = Outcome[EntryStep, CatalogueEntry]
#: After these steps of one entry something may come of itself for another.
_CONCERNING_OTHERS = (EntryStep.SUBMITTED, EntryStep.RETURNED, EntryStep.PUBLISHED)


@dataclass(frozen=True, slots=True)
class EntryDesk:
    """Entries of the contracts that the office has: a contract's file comes first, and its entry says how far it is."""

    desk: Desk
    contracts: Catalogue
    calendar: WorkingDays
    office: str

    async def draft(
        self,
        people: People,
        dataset: str,
        version: str,
        provider: str | None = None,
        once: Once | None = None,
    ) -> Kept:
        """A new entry, or one that was returned or is still a draft, drafted anew. StepRefused; Problem
        unknown-dataset, unknown-version."""
        contract = self._contract(dataset, version)
        kept_by = provider_of(contract, provider, self.office)
        rules = self._rules(contract, kept_by)
        return await self.desk.take(
            ENTRIES,
            entry_id(contract, kept_by),
            rules,
            lambda _: self._step(rules, EntryStep.DRAFTED, people, {}),
            once,
            first=True,
        )

    async def step(
        self,
        entry: str,
        kind: EntryStep,
        people: People,
        facts: Mapping[str, Any],
        once: Once | None = None,
    ) -> Kept:
        """The next step. StepRefused; Problem unknown-record."""
        record = await self.desk.record(ENTRIES, entry)
        rules = self._looked(record, await self._of_one(record))
        said = dict(facts)
        if kind is EntryStep.RETIREMENT_NOTICED:
            said["users"] = list(await self._users(record))
        outcome = await self.desk.take(
            ENTRIES, entry, rules, lambda _: self._step(rules, kind, people, said), once
        )
        if kind in _CONCERNING_OTHERS:
            await self.go_on()
        return outcome

    async def again(self, once: Once) -> Kept | None:
        """What came of the step that was taken before under an idempotency key. KeyReused."""
        return await self.desk.again(ENTRIES, self._rules_of, once)

    async def go_on(self) -> None:
        """Take what falls due by itself: a last day that passed is recorded, a change is answered by the next version's
        entry, who still uses what retires is told, what is over is retired, what has a successor superseded, and due
        days that no calendar told are told."""
        found = await self.desk.books.found(ENTRIES.records)
        due = self.desk.due(ENTRIES, found, self.calendar)
        concerned = [one for one in found if one in due or self._concerned(one, found)]
        users = {one["entry_id"]: await self._users(one) for one in concerned if _may_end(one, found)}
        await self.desk.go_on_each(
            ENTRIES,
            concerned,
            lambda one: replace(self._looked(one, found), users=users.get(one["entry_id"])),
        )
        newest = _newest(found)
        for one in found:
            if askable(one) and order(one) < newest[_major(one)]:
                await self._supersede(one, found)

    async def told_uses(self, provider: str, uses: Uses) -> None:
        """A department told who used a major of its own, and on which day last; of one that retires it is kept."""
        found = await self.desk.books.found(ENTRIES.records, ("provider", Operator.EQ, provider))
        major = uses.dataset, provider, uses.major
        retiring = [one for one in found if _is_retiring(one) and _major(one) == major]
        users = {one["entry_id"]: await self._users(one) for one in retiring}
        await self.desk.go_on_each(
            ENTRIES,
            retiring,
            lambda one: replace(self._looked(one, found), users=users[one["entry_id"]], used=uses.used),
        )

    async def standing(self, entry: str) -> tuple[Record, CatalogueEntry]:
        """An entry's record, and how it stands by its steps. Problem unknown-record."""
        record = await self.desk.record(ENTRIES, entry)
        stands = folded(await self.desk.books.steps(ENTRIES, entry))
        assert stands is not None
        return record, stands

    async def grants_on(self, record: Record) -> list[Record]:
        """The requests by which members may still use what an entry describes: in force, or suspended."""
        return await self.desk.books.found(
            REQUESTS.records,
            ("provider", Operator.EQ, record["provider"]),
            ("dataset", Operator.EQ, record["dataset"]),
            ("state", Operator.IN, GRANTED),
        )

    def _concerned(self, record: Record, others: list[Record]) -> bool:
        """Whether other entries, requests, or the day, may have a step come of themselves."""
        if _may_end(record, others):
            return True
        if record["state"] != EntryState.PUBLISHED.value:
            return False
        following = later(record, others)
        waits = record["clock"] == Clock.UPDATE_CATALOGUE.value
        return drafts(following) or (waits and bool(submitted(following)))

    async def _supersede(self, record: Record, others: list[Record]) -> None:
        step = Step(EntryStep.SUPERSEDED, self.desk.clocks.civil(), Party.BRIDGE, self.office)
        rules = self._looked(record, others)
        try:
            await self.desk.take(ENTRIES, str(record["entry_id"]), rules, lambda _: step)
        except StepRefused:
            # Another process superseded it, or it was retired meanwhile.
            return

    async def _of_one(self, record: Record) -> list[Record]:
        """The entries of the same dataset at the same department."""
        return await self.desk.books.found(
            ENTRIES.records,
            ("dataset", Operator.EQ, record["dataset"]),
            ("provider", Operator.EQ, record["provider"]),
        )

    async def _users(self, record: Record) -> tuple[str, ...]:
        """The members that may still use it."""
        return tuple(sorted({str(one["requester"]) for one in await self.grants_on(record)}))

    def _step(self, rules: EntryRules, kind: EntryStep, people: People, facts: Mapping[str, Any]) -> Step:
        return self.desk.step(kind, people, RULES[kind], rules.parties(), facts)

    def _contract(self, dataset: str, version: str) -> Contract:
        major = version.partition(".")[0]
        number = int(major) if major.isascii() and major.isdigit() and len(major) <= 6 else 0
        contract = self.contracts.contract(dataset, number)
        if contract.version != version:
            raise Problem("unknown-version", f"the office has {dataset} in version {contract.version}")
        return contract

    def _rules_of(self, record: Record) -> EntryRules:
        contract = self.contracts.contract(str(record["dataset"]), int(str(record["major"])))
        return self._rules(contract, str(record["provider"]), str(record["version"]))

    def _looked(self, record: Record, others: list[Record]) -> EntryRules:
        return replace(
            self._rules_of(record), successors=submitted(later(record, others)), ends=_ends(record, others)
        )

    def _rules(self, contract: Contract, provider: str, version: str | None = None) -> EntryRules:
        return EntryRules(contract, version or contract.version, provider, self.office, self.calendar)


def _is_retiring(record: Record) -> bool:
    return record["state"] == EntryState.RETIRING.value


def _may_end(record: Record, others: list[Record]) -> bool:
    """Whether it retires, or is to retire with its major."""
    published = record["state"] == EntryState.PUBLISHED.value
    return _is_retiring(record) or (published and _ends(record, others) is not None)


def _ends(record: Record, others: list[Record]) -> date | None:
    """The day on which its major ends, as its users were told by one of its versions."""
    days = (one["ends_on"] for one in others if _major(one) == _major(record))
    return min((one for one in days if isinstance(one, date)), default=None)


def _newest(entries: list[Record]) -> dict[tuple[Value, ...], tuple[int, ...]]:
    """The newest version of each major among the entries that can be asked for."""
    newest: dict[tuple[Value, ...], tuple[int, ...]] = {}
    for one in filter(askable, entries):
        newest[_major(one)] = max(order(one), newest.get(_major(one), ()))
    return newest


def _major(record: Record) -> tuple[Value, ...]:
    return record["dataset"], record["provider"], record["major"]
