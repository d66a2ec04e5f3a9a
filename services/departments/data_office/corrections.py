"""Correction requests as the office keeps them: the law's rules, the bridge's own steps, and one as a record."""

from dataclasses import dataclass
from datetime import datetime

from schemas.law.calendar import WorkingDays
from schemas.law.sharing import correction
from schemas.law.sharing.correction import (
    OVERDUE,
    Corrected,
    Correction,
    CorrectionStep,
    Said,
    Version,
)
from schemas.law.sharing.passing import passed
from schemas.law.sharing.steps import Party
from schemas.query.bound import Value
from services.departments.data_office.matters import clock_values


@dataclass(frozen=True, slots=True)
class CorrectionRules:
    """The rules for one correction request: who keeps the record, the office, and what the record shows since it was
    filed (None: nobody looked)."""

    provider: str
    office: str
    calendar: WorkingDays
    proof: Corrected | None = None

    def check(self, standing: Correction | None, step: Said) -> None:
        correction.check(standing, step, proof=self.proof)

    def after(self, standing: Correction | None, step: Said) -> Correction:
        return correction.after(standing, step)

    def own(self, standing: Correction, now: datetime) -> Said | None:
        late = passed(correction.running(standing, self.calendar), standing.passed, now)
        if late is not None:
            return Said(OVERDUE[late.clock], now, Party.BRIDGE, self.office, facts=late.facts)
        kind = correction.needed(standing)
        if kind is None:
            return None
        facts = {"systems": sorted(standing.untold)}
        return Said(kind, now, Party.BRIDGE, self.office, facts=facts)

    def record(self, standing: Correction) -> dict[str, Value]:
        clock, due = correction.running(standing, self.calendar) or (None, None)
        return {
            "dataset": standing.dataset,
            "provider": self.provider,
            "item": standing.item,
            "record": standing.record,
            "wrong_version": _text(standing.wrong),
            "filed_by": standing.filed_by,
            "by_subject": standing.by_subject,
            "state": standing.state.value,
            "filed_at": standing.filed,
            "corrected_version": _text(standing.corrected) if standing.corrected is not None else None,
            "open_systems": len(standing.open_at),
            **clock_values(clock, due),
        }

    def parties(self, standing: Correction | None, member: str, kind: CorrectionStep) -> dict[Party, str]:
        """Who is what: whoever files asks for it, and each that received the wrong value acknowledges for itself."""
        requester = member if standing is None or kind is CorrectionStep.ACKNOWLEDGED else standing.filed_by
        return {Party.REQUESTER: requester, Party.PROVIDER: self.provider}


def _text(version: Version) -> str:
    return f"{version.epoch}.{version.version}"
