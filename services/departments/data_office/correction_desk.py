"""The desk of correction requests: file, answer, acknowledge; called by `routes`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import SharingClass
from schemas.law.calendar import WorkingDays
from schemas.law.sharing.correction import RULES, Correction, CorrectionState, CorrectionStep, Said
from schemas.query.tree import Operator
from schemas.wire.problem import Problem
from services.departments.data_office.corrections import CorrectionRules
from services.departments.data_office.desk import Desk, Outcome
from services.departments.data_office.matters import CORRECTIONS, Record
from services.departments.data_office.people import People
from services.departments.data_office.proofs import Complaint, Digests, Proofs
from services.departments.data_office.providers import provider_of
from services.engine.source.port import Once

Answered = Outcome[CorrectionStep, Correction]


@dataclass(frozen=True, slots=True)
class CorrectionDesk:
    """`proofs` is None in an office that reaches neither gateway nor broker: there nothing is closed as corrected."""

    desk: Desk
    contracts: Catalogue
    calendar: WorkingDays
    office: str
    digests: Digests
    proofs: Proofs | None

    async def file(
        self,
        people: People,
        form: Mapping[str, Any],
        value: object,
        provider: str | None = None,
        once: Once | None = None,
    ) -> Answered:
        """A new correction request, of a shared item. StepRefused; Problem unknown-dataset, unknown-item."""
        contract = self.contracts.contract(str(form["dataset"]))
        kept_by = provider_of(contract, provider, self.office)
        item = contract.items.get(str(form["item"]))
        if item is None or item.sharing.sharing_class is SharingClass.WITHHELD:
            raise Problem("unknown-item", f"{contract.dataset} shares no such item.")
        facts = {**form, "was": self.digests.of(value)}
        rules = self._rules(kept_by)
        return await self.desk.begin(
            CORRECTIONS,
            lambda _: rules,
            lambda _: self._step(rules, CorrectionStep.FILED, None, people, facts),
            once,
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
        """The correction requests that a department has not answered."""
        return await self.desk.books.found(
            CORRECTIONS.records,
            ("provider", Operator.EQ, provider),
            ("state", Operator.EQ, CorrectionState.FILED.value),
        )

    async def again(self, once: Once) -> Answered | None:
        """What came of the step that was taken before under an idempotency key. KeyReused."""
        return await self.desk.again(CORRECTIONS, self._rules_of, once)

    async def go_on(self) -> None:
        """Record last days that passed, and tell due days that no calendar told before."""
        late = await self.desk.late(CORRECTIONS, self.calendar)
        await self.desk.go_on_each(CORRECTIONS, late, self._rules_of)

    async def _proved(self, correction_id: str, rules: CorrectionRules) -> CorrectionRules:
        first, *_ = await self.desk.books.steps(CORRECTIONS, correction_id)
        facts = first.facts
        complaint = Complaint(
            correction_id,
            self.contracts.contract(str(facts["dataset"])),
            rules.provider,
            str(facts["record"]),
            str(facts["item"]),
            facts.get("was", {}),
        )
        proof = await self.proofs.of(complaint) if self.proofs is not None else None
        return CorrectionRules(rules.provider, self.office, self.calendar, proof)

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
