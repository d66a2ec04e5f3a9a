"""The desk of correction requests: file, answer, acknowledge, and what the office sees for itself; called by `routes`
and by `receiving`."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.law.calendar import WorkingDays
from schemas.law.sharing.correction import (
    ABSENT,
    RULES,
    Correction,
    CorrectionState,
    CorrectionStep,
    Look,
    Said,
    folded,
)
from schemas.law.sharing.limits import Clock
from schemas.law.sharing.steps import Party, Step, StepRefused
from schemas.query.bound import Value
from schemas.query.tree import Operator
from schemas.wire.problem import Problem
from services.departments.data_office.asking import Complaint
from services.departments.data_office.corrections import CorrectionRules
from services.departments.data_office.desk import Desk, Outcome
from services.departments.data_office.filers import Filed, Filers, Word
from services.departments.data_office.logs import Logs
from services.departments.data_office.matters import CORRECTIONS, Record
from services.departments.data_office.people import People
from services.departments.data_office.proofs import Proofs
from services.departments.data_office.providers import provider_of
from services.departments.data_office.retirements import by_which
from services.engine.source.port import Once

#: While these clocks run, the office has to look at the department.
_LOOKING = (Clock.CORRECT.value, Clock.RECEIVERS.value)
#: What a hall of a city has to file about one department within the ten working days of an answer.
_MOST_OPEN = 2_000
_log = logging.getLogger("langqiao.engine")

Answered = Outcome[CorrectionStep, Correction]


@dataclass(frozen=True, slots=True)
class CorrectionDesk:
    """`proofs` is None in an office that reaches neither nodes nor broker: there nothing is closed as corrected. Where
    `filers` is None, nobody files as the subject. `most_open` bounds how many requests of one member wait for one
    department."""

    desk: Desk
    contracts: Catalogue
    calendar: WorkingDays
    office: str
    proofs: Proofs | None
    filers: Filers | None
    most_open: int = _MOST_OPEN

    async def file(
        self,
        people: People,
        form: Mapping[str, Any],
        provider: str | None = None,
        word: Word | None = None,
        once: Once | None = None,
    ) -> Answered:
        """A new correction request, of a shared item; by the person whom a `word` identifies, where there is one.
        Whether there is such a record, and what it holds, whoever files is not told. StepRefused, also too-many-open,
        filed-already; Problem unknown-dataset, unknown-item, bad-vouching, vouching-required."""
        majors = self.contracts.every(str(form["dataset"]))
        kept_by = provider_of(majors[0], provider, self.office)
        if not any(one.shares(str(form["item"])) for one in majors):
            raise Problem("unknown-item", f"{majors[0].dataset} shares no such item.")
        filed = Filed(people.system, kept_by, majors[0].dataset, str(form["record"]))
        facts = {**form, **await self._by_subject(word, filed)}
        rules = self._rules(kept_by)
        return await self.desk.begin(
            CORRECTIONS,
            lambda _: rules,
            lambda _: self._step(rules, CorrectionStep.FILED, None, people, facts),
            once,
            allowed=lambda: self._is_new(people.member, kept_by, facts),
        )

    async def step(
        self,
        correction_id: str,
        kind: CorrectionStep,
        people: People,
        facts: Mapping[str, Any],
        once: Once | None = None,
    ) -> Answered:
        """The next step. StepRefused; Problem unknown-record, source-missing."""
        rules = self._rules_of(await self.desk.record(CORRECTIONS, correction_id))
        said = dict(facts)
        if kind is CorrectionStep.ACKNOWLEDGED:
            said["system"] = people.system
        if kind is CorrectionStep.CORRECTED and people.member == rules.provider:
            rules = await self._proved(correction_id, rules)
            if rules.proof is not None:
                said |= {"epoch": rules.proof.version.epoch, "version": rules.proof.version.version}
        return await self.desk.take(
            CORRECTIONS,
            correction_id,
            rules,
            lambda standing: self._step(rules, kind, standing, people, said),
            once,
        )

    async def open_at(self, provider: str) -> list[Record]:
        """The correction requests for which the office has to look at a department: it has not answered, or its access
        log is not read yet."""
        return await self._found(("provider", Operator.EQ, provider), ("clock", Operator.IN, _LOOKING))

    async def open(self) -> list[Record]:
        """The correction requests that nobody has answered."""
        return await self._found(("state", Operator.EQ, CorrectionState.FILED.value))

    async def unread(self) -> list[Record]:
        """What was corrected, and whose receivers are to be read out of the department's access log."""
        return await self._found(("clock", Operator.EQ, Clock.RECEIVERS.value))

    async def see(self, record: Record) -> bool:
        """Look how the record stands that is said to be wrong, once, also where there is none; whether that is done.
        Problem source-missing."""
        correction_id = str(record[CORRECTIONS.id_item])
        standing = folded(await self.desk.books.steps(CORRECTIONS, correction_id))
        if self.proofs is None or standing is None or standing.looked:
            return True
        seen = await self.proofs.look(await self._complaint(correction_id, str(record["provider"])))
        await self._take_itself(correction_id, record, CorrectionStep.LOOKED, _seen(seen))
        return True

    async def read(self, logs: Logs, record: Record) -> bool:
        """Have the department's log read, and tell whom it shows; whether the log was whole. Problem source-missing."""
        correction_id = str(record[CORRECTIONS.id_item])
        found = await logs.received(await self._complaint(correction_id, str(record["provider"])))
        facts: dict[str, Any] = {
            "received_by": sorted(found.systems),
            "logs": [asdict(one) for one in found.logs],
        }
        if not found.findings:
            await self._take_itself(correction_id, record, CorrectionStep.RECEIVERS_READ, facts)
            return True
        _log.error("access log: that of %s is not whole, by %s", record["provider"], correction_id)
        facts |= {"findings": list(found.findings)}
        await self._take_itself(correction_id, record, CorrectionStep.LOG_CONTRADICTED, facts)
        return False

    async def again(self, once: Once) -> Answered | None:
        """What came of the step that was taken before under an idempotency key. KeyReused."""
        return await self.desk.again(CORRECTIONS, self._rules_of, once)

    async def go_on(self) -> None:
        """Record last days that passed, and tell due days that no calendar told before."""
        late = await self.desk.late(CORRECTIONS, self.calendar)
        await self.desk.go_on_each(CORRECTIONS, late, self._rules_of)

    async def _is_new(self, member: str, provider: str, facts: Mapping[str, Any]) -> None:
        """Each lets the office look at a record of the department, and what its node takes of such grants has an end.
        What a member has said and is looked into, it need not say again, unless now its subject does."""
        its = ("filed_by", Operator.EQ, member), ("provider", Operator.EQ, provider)
        count = self.desk.books.count
        if await count(CORRECTIONS.records, *its, ("clock", Operator.IN, _LOOKING)) >= self.most_open:
            raise StepRefused(
                "too-many-open", f"{self.most_open} correction requests wait for an answer there"
            )
        same = [(name, Operator.EQ, str(facts[name])) for name in ("dataset", "record", "item")]
        subject = ("by_subject", Operator.EQ, "identified" in facts)
        filed = ("state", Operator.EQ, CorrectionState.FILED.value)
        if await count(CORRECTIONS.records, *its, *same, subject, filed):
            raise StepRefused("filed-already", "that item of that record is being looked into")

    async def _by_subject(self, word: Word | None, filed: Filed) -> dict[str, Any]:
        """What shows that the subject files, as the step says it: nothing where that is not shown."""
        if word is None or self.filers is None:
            return {}
        identified = await self.filers.subject(word, filed)
        return {} if identified is None else {"by_subject": True, "identified": identified}

    async def _proved(self, correction_id: str, rules: CorrectionRules) -> CorrectionRules:
        complaint = await self._complaint(correction_id, rules.provider)
        if complaint.look is None or self.proofs is None:
            return rules
        proof = await self.proofs.of(complaint, await self._recorded(correction_id))
        return CorrectionRules(rules.provider, self.office, self.calendar, proof)

    async def _recorded(self, correction_id: str) -> datetime:
        """When it was filed, by the clock that nobody moves."""
        mine = (CORRECTIONS.id_item, Operator.EQ, correction_id)
        [first] = await self.desk.books.found(CORRECTIONS.steps, mine, ("number", Operator.EQ, 1))
        at = first["recorded_at"]
        assert isinstance(at, datetime)
        return at

    async def _complaint(self, correction_id: str, provider: str) -> Complaint:
        steps = await self.desk.books.steps(CORRECTIONS, correction_id)
        standing, facts = folded(steps), steps[0].facts
        item, now = str(facts["item"]), self.desk.clocks.civil()
        return Complaint(
            correction_id,
            await by_which(self.desk.books, self.contracts, provider, str(facts["dataset"]), item, now),
            provider,
            str(facts["record"]),
            item,
            standing.look if standing is not None else None,
        )

    async def _take_itself(
        self, correction_id: str, record: Record, kind: CorrectionStep, facts: Mapping[str, Any]
    ) -> None:
        """A step of the office's own; nothing where another process took it, or there is nothing new in it."""
        step = Step(kind, self.desk.clocks.civil(), Party.BRIDGE, self.office, facts=facts)
        with suppress(StepRefused):
            await self.desk.take(CORRECTIONS, correction_id, self._rules_of(record), lambda _: step)

    async def _found(self, *conditions: tuple[str, Operator, Value | tuple[Value, ...]]) -> list[Record]:
        return await self.desk.books.found(CORRECTIONS.records, *conditions)

    def _step(
        self,
        rules: CorrectionRules,
        kind: CorrectionStep,
        standing: Correction | None,
        people: People,
        facts: Mapping[str, Any],
    ) -> Said:
        parties = rules.parties(standing, people.member, kind)
        return self.desk.step(kind, people, RULES[kind], parties, facts)

    def _rules_of(self, record: Record) -> CorrectionRules:
        return self._rules(str(record["provider"]))

    def _rules(self, provider: str) -> CorrectionRules:
        return CorrectionRules(provider, self.office, self.calendar)


def _seen(look: Look | None) -> dict[str, Any]:
    """What the step of a look says."""
    if look is None:
        return {ABSENT: True}
    return {
        "epoch": look.version.epoch,
        "version": look.version.version,
        "was": dict(look.was),
        "node": look.node,
        "entry": look.entry,
        "hash": look.hash,
    }
