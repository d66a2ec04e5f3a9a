"""Made-up requests for the tests of this room."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.law.sharing.request import Step
from schemas.law.sharing.request_rules import StepKind
from schemas.law.sharing.steps import Party
from tests import workshop

CONTRACT = workshop.TOOLS_1
REQUESTER, PROVIDER, AUTHORITY = "330203.taxation", "330203.workshop", "330203.data_office"
#: A Monday, in Asia/Shanghai too.
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)

#: Unconditional, conditional and withheld items of the contract.
FREE, ASKED, KEPT = ["number", "name"], ["number", "holder"], ["number", "remark"]

FORM: dict[str, Any] = {
    "dataset": CONTRACT.dataset,
    "items": FREE,
    "rows": "",
    "legal_basis": "税收征收管理法 第五十七条",
    "scenario": "核对申报",
    "purpose": "核验工具持有人",
    "mode": "service interface",
    "until": "2027-03-01",
}


def applied(*, head: str = "head-1", **changed: Any) -> Step:
    return Step(StepKind.APPLIED, MONDAY, Party.REQUESTER, REQUESTER, "officer-1", head, {**FORM, **changed})


_MEMBERS = {
    Party.REQUESTER: REQUESTER,
    Party.PROVIDER: PROVIDER,
    Party.AUTHORITY: AUTHORITY,
    Party.BRIDGE: AUTHORITY,
}


def step(
    kind: StepKind,
    party: Party,
    day: int = 1,
    *,
    officer: str = "officer-2",
    second: str = "head-2",
    **facts: Any,
) -> Step:
    """A step so many days after Monday, by two people, with whatever it must say."""
    said = {**SAID.get(kind, {}), **facts}
    return Step(kind, MONDAY + timedelta(days=day), party, _MEMBERS[party], officer, second, said)


SAID: dict[StepKind, dict[str, Any]] = {
    StepKind.REFUSED: {"condition": "holder.purpose", "reason": "not what it is shared for"},
    StepKind.EXTENSION_ASKED: {"working_days": 3, "reason": "the archive moves"},
    StepKind.EXTENDED: {"working_days": 3},
    StepKind.DELIVERED: {"grant": "G-1"},
    StepKind.SUSPENDED: {"reason": "used beyond its purpose", "mend_by": "2036-05-01"},
    StepKind.RESUMED: {"reason": "mended"},
    StepKind.ENDED: {"reason": "no longer needed"},
    StepKind.DISPOSAL_ORDERED: {"dispose_by": "2036-06-01"},
    StepKind.DISPOSED: {"method": "erased", "where": "all copies"},
    StepKind.USE_RECORDED: dict.fromkeys(("scenario", "process", "effect", "storage", "destruction"), "said"),
    StepKind.DISPUTED: {"reason": "no ground was given"},
    StepKind.DISPUTE_DECIDED: {"decision": "the items are shared"},
}
