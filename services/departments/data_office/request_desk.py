"""The desk of sharing requests: apply, step, and what ends by itself; called by `routes` and `office`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.law.calendar import WorkingDays
from schemas.law.sharing.request import Standing, Step
from schemas.law.sharing.request_rules import RULES, State, StepKind
from schemas.law.sharing.steps import StepRefused
from schemas.query.tree import Operator
from services.departments.data_office.desk import Desk, Outcome
from services.departments.data_office.entries import askable
from services.departments.data_office.matters import ENTRIES, REQUESTS, Record
from services.departments.data_office.people import People
from services.departments.data_office.providers import provider_of
from services.departments.data_office.requests import GRANTED, OPEN, RequestRules
from services.departments.data_office.rules import Rules
from services.departments.data_office.told_to_all import refuse_personal
from services.engine.source.port import Once

#: A city's service items have fewer purposes at one department than this.
_MOST_OPEN = 200
Taken = Outcome[StepKind, Standing]


@dataclass(frozen=True, slots=True)
class RequestDesk:
    """`office` is the office's own member id, whose division is also that of the departments it keeps requests of.
    `most_open` bounds how many requests of one member are open at one department."""

    desk: Desk
    contracts: Catalogue
    calendar: WorkingDays
    office: str
    most_open: int = _MOST_OPEN

    async def apply(
        self,
        people: People,
        form: Mapping[str, Any],
        provider: str | None = None,
        once: Once | None = None,
    ) -> Taken:
        """A new request. An incomplete one is taken as well; Problem unknown-dataset, bad-body; StepRefused
        not-published, too-many-open."""
        dataset = str(form.get("dataset") or "")
        kept_by = provider_of(self.contracts.contract(dataset), provider, self.office)
        majors = await self._published(dataset, kept_by)
        refuse_personal(str(form.get("rows") or ""), self.contracts, dataset)

        def first(rules: Rules[StepKind, Standing]) -> Step:
            assert isinstance(rules, RequestRules)
            return self._step(rules, StepKind.APPLIED, None, people, form)

        return await self.desk.begin(
            REQUESTS,
            lambda mine: self._rules(mine, dataset, kept_by, majors),
            first,
            once,
            allowed=lambda: self._few_open(people.member, kept_by),
        )

    async def step(
        self,
        request_id: str,
        kind: StepKind,
        people: People,
        facts: Mapping[str, Any],
        once: Once | None = None,
    ) -> Taken:
        """The next step of a request. StepRefused; Problem unknown-record, bad-body."""
        rules = self._rules_of(await self.desk.record(REQUESTS, request_id))
        if kind is StepKind.SUPPLEMENTED:
            refuse_personal(str(facts.get("rows") or ""), self.contracts, rules.dataset)
            rules = replace(rules, published=await self._published(rules.dataset, rules.provider))

        def following(standing: Standing | None) -> Step:
            if kind is StepKind.SUPPLEMENTED and facts.get("dataset") != rules.dataset:
                raise StepRefused("wrong-state", "a supplement is of the dataset that was asked for")
            return self._step(rules, kind, standing, people, facts)

        return await self.desk.take(REQUESTS, request_id, rules, following, once)

    async def again(self, once: Once) -> Taken | None:
        """What came of the step that was taken before under an idempotency key. KeyReused."""
        return await self.desk.again(REQUESTS, self._rules_of, once)

    async def go_on(self) -> None:
        """Record last days that passed, end what was granted until yesterday, and tell due days that no calendar told
        before."""
        over = await self.desk.books.found(
            REQUESTS.records,
            ("state", Operator.IN, GRANTED),
            ("until", Operator.LT, self.desk.clocks.today()),
        )
        late = await self.desk.late(REQUESTS, self.calendar)
        await self.desk.go_on_each(REQUESTS, [*late, *over], self._rules_of)

    async def in_force(self, **equal: str) -> list[Record]:
        """The requests in force that have these items."""
        conditions = [(item, Operator.EQ, value) for item, value in equal.items()]
        return await self.desk.books.found(
            REQUESTS.records, ("state", Operator.EQ, State.IN_FORCE.value), *conditions
        )

    def _step(
        self,
        rules: RequestRules,
        kind: StepKind,
        standing: Standing | None,
        people: People,
        facts: Mapping[str, Any],
    ) -> Step:
        parties, said = rules.parties(standing, people.member, kind), rules.completed(kind, standing, facts)
        return self.desk.step(kind, people, RULES[kind], parties, said)

    def _rules_of(self, record: Record) -> RequestRules:
        return self._rules(str(record["request_id"]), str(record["dataset"]), str(record["provider"]))

    def _rules(
        self, request_id: str, dataset: str, provider: str, published: tuple[int, ...] = ()
    ) -> RequestRules:
        majors = self.contracts.every(dataset)
        return RequestRules(request_id, majors, provider, self.office, self.calendar, published)

    async def _few_open(self, member: str, provider: str) -> None:
        """Each is a grant sooner or later, and what a department's node takes of these has an end."""
        count = await self.desk.books.count(
            REQUESTS.records,
            ("requester", Operator.EQ, member),
            ("provider", Operator.EQ, provider),
            ("state", Operator.IN, OPEN),
        )
        if count >= self.most_open:
            raise StepRefused("too-many-open", f"{self.most_open} requests are open there: end one first")

    async def _published(self, dataset: str, provider: str) -> tuple[int, ...]:
        """The majors of a dataset that can be asked for at a department. StepRefused not-published."""
        entries = await self.desk.books.found(
            ENTRIES.records, ("dataset", Operator.EQ, dataset), ("provider", Operator.EQ, provider)
        )
        published = {one["major"] for one in entries if askable(one)}
        majors = tuple(one for one in self.contracts.majors(dataset) if one in published)
        if not majors:
            raise StepRefused("not-published", "only what the catalogue has published can be asked for")
        return majors
