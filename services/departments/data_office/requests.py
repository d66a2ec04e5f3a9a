"""Sharing requests as the office keeps them: the law's rules, the bridge's own steps, and a request as a record."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.contracts.model import Contract
from schemas.law.calendar import WorkingDays
from schemas.law.divisions import UnknownDivision, lowest_common_ancestor
from schemas.law.sharing import request
from schemas.law.sharing.application import majors_of
from schemas.law.sharing.judged import judged
from schemas.law.sharing.limits import legal_day
from schemas.law.sharing.passing import passed
from schemas.law.sharing.request import Standing, Step
from schemas.law.sharing.request_rules import OVERDUE, State, StepKind
from schemas.law.sharing.steps import Party
from schemas.query.bound import Value
from services.departments.data_office.matters import clock_values, terms_values

#: The states of a request, as its record says them, in which what was granted may be used, now or again.
GRANTED = (State.IN_FORCE.value, State.SUSPENDED.value)
#: Those in which a grant may still come of it, too.
OPEN = (State.INCOMPLETE.value, State.RECEIVED.value, State.AGREED.value, *GRANTED)
#: The steps that say what is asked for.
_ASKING = (StepKind.APPLIED, StepKind.SUPPLEMENTED)
#: How long a requester has to dispose of data when its use ends by itself; no law says it, an order may say other.
_DISPOSE_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RequestRules:
    """The rules for one request: its id, every major of what is asked for, the lowest first, who keeps that, and the
    office itself. What is asked is judged by the majors that were `published` when it was asked, which its step says
    for good; where one of before says none, by the lowest."""

    request_id: str
    majors: tuple[Contract, ...]
    provider: str
    office: str
    calendar: WorkingDays
    published: tuple[int, ...] = ()

    @property
    def dataset(self) -> str:
        return self.majors[0].dataset

    def check(self, standing: Standing | None, step: Step) -> None:
        request.check(standing, step, self._contract(standing, step))

    def after(self, standing: Standing | None, step: Step) -> Standing:
        return request.after(standing, step, self._contract(standing, step))

    def own(self, standing: Standing, now: datetime) -> Step | None:
        late = passed(
            request.running(standing, self._contract(standing), self.calendar), standing.passed, now
        )
        if late is not None:
            return Step(OVERDUE[late.clock], now, Party.BRIDGE, self.office, facts=late.facts)
        kind = request.needed(standing, self._contract(standing), legal_day(now))
        if kind is None:
            return None
        return Step(kind, now, Party.BRIDGE, self.office, facts=self._said(kind, standing, now))

    def record(self, standing: Standing) -> dict[str, Value]:
        asked = standing.application
        clock, due = request.running(standing, self._contract(standing), self.calendar) or (None, None)
        return {
            "dataset": self.dataset,
            "provider": self.provider,
            "requester": standing.requester,
            "items": ",".join(asked.items) or None,
            "rows": asked.rows or None,
            "purpose": asked.purpose or None,
            "mode": asked.mode or None,
            "until": asked.until,
            "state": standing.state.value,
            "received_at": standing.received,
            "agreed_at": standing.agreed,
            "grant_id": standing.grant,
            **terms_values(standing.terms),
            **clock_values(clock, due),
        }

    def parties(self, standing: Standing | None, member: str, kind: StepKind) -> dict[Party, str]:
        """Who is what in this request; whoever takes the first step is its requester. A dispute is decided by the
        data office of the division that it goes to, whose office that may be."""
        requester = standing.requester if standing is not None else member
        decides = kind is StepKind.DISPUTE_DECIDED
        authority = judge(requester, self.provider, self.office) if decides else self.office
        return {Party.REQUESTER: requester, Party.PROVIDER: self.provider, Party.AUTHORITY: authority}

    def completed(
        self, kind: StepKind, standing: Standing | None, facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The facts of a member's step, with what the office adds to them."""
        added: dict[str, Any] = {}
        if kind in _ASKING:
            added["majors"] = list(self.published)
        if kind is StepKind.DELIVERED:
            added["grant"] = self.request_id
        if kind is StepKind.DISPUTED and standing is not None:
            added["decided_by"] = decided_by(standing.requester, self.provider)
        return {**facts, **added}

    def _contract(self, standing: Standing | None, step: Step | None = None) -> Contract:
        """What the application is held against: the one that a step makes, or the one that stands."""
        if step is not None and step.kind in _ASKING:
            named = majors_of(step.facts)
        else:
            named = standing.application.majors if standing is not None else ()
        return judged([one for one in self.majors if one.major in named] or self.majors[:1])

    def _said(self, kind: StepKind, standing: Standing, now: datetime) -> dict[str, Any]:
        today = legal_day(now)
        match kind:
            case StepKind.GAPS_NOTICED:
                return lacking(standing)
            case StepKind.DELIVERED:
                return {"grant": self.request_id}
            case StepKind.ENDED:
                return {"reason": "the last day of use is over"}
            case StepKind.DISPOSAL_ORDERED:
                return {"dispose_by": (today + _DISPOSE_WITHIN).isoformat()}
        return {}


def lacking(standing: Standing) -> dict[str, Any]:
    """What an incomplete request lacks, as whoever applies is told it; nothing of one that is not."""
    incomplete = standing.state is State.INCOMPLETE
    return {"gaps": [asdict(one) for one in standing.gaps]} if incomplete else {}


def judge(one: str, other: str, office: str) -> str:
    """The data office that decides between two members; empty across provinces."""
    division = decided_by(one, other)
    return f"{division}.{office.partition('.')[2]}" if division is not None else ""


def decided_by(one: str, other: str) -> str | None:
    """The division whose authority decides between two members (article 28): of the same division that division, else
    their lowest common superior; None across provinces."""
    try:
        return lowest_common_ancestor(one.partition(".")[0], other.partition(".")[0])
    except UnknownDivision:
        return None
