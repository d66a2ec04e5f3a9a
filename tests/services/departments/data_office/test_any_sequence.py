"""Whatever is called in whatever order, a matter goes the ways of the law, and its record is what its steps say."""

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.law.calendar import WorkingDays
from schemas.law.sharing.request import Standing, Step
from schemas.law.sharing.request_rules import State, StepKind
from schemas.law.sharing.steps import Party, StepRefused
from schemas.query.tree import Operator
from services.departments.data_office.forms import REQUEST_FORMS
from services.departments.data_office.matters import REQUESTS
from services.departments.data_office.office import Office
from services.departments.data_office.requests import RequestRules
from services.departments.data_office.rules import folded, taken
from tests.schemas.law.sharing import made
from tests.services.departments.data_office.conftest import (
    ASKED,
    FREE,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
)

#: The ways that the law knows, said once more: the steps that lead on from each state, and where to.
_WAYS: dict[State, dict[StepKind, set[State]]] = {
    State.INCOMPLETE: {
        StepKind.GAPS_NOTICED: {State.INCOMPLETE},
        StepKind.SUPPLEMENTED: {State.INCOMPLETE, State.RECEIVED},
        StepKind.ENDED: {State.ENDED},
    },
    State.RECEIVED: {
        StepKind.AGREED: {State.AGREED},
        StepKind.REFUSED: {State.REFUSED},
        StepKind.ANSWER_OVERDUE: {State.RECEIVED},
        StepKind.EXTENSION_ASKED: {State.RECEIVED},
        StepKind.EXTENDED: {State.RECEIVED},
        StepKind.DISPUTED: {State.RECEIVED},
        StepKind.DISPUTE_DECIDED: {State.RECEIVED},
        StepKind.DECISION_OVERDUE: {State.RECEIVED},
        StepKind.ENDED: {State.ENDED},
    },
    State.AGREED: {
        StepKind.DELIVERED: {State.IN_FORCE},
        StepKind.DELIVERY_OVERDUE: {State.AGREED},
        StepKind.DISPUTED: {State.AGREED},
        StepKind.DISPUTE_DECIDED: {State.AGREED},
        StepKind.DECISION_OVERDUE: {State.AGREED},
        StepKind.ENDED: {State.ENDED},
    },
    State.IN_FORCE: {
        StepKind.SUSPENDED: {State.SUSPENDED},
        StepKind.USE_RECORDED: {State.IN_FORCE},
        StepKind.DISPUTED: {State.IN_FORCE},
        StepKind.DISPUTE_DECIDED: {State.IN_FORCE},
        StepKind.DECISION_OVERDUE: {State.IN_FORCE},
        StepKind.ENDED: {State.ENDED},
    },
    State.SUSPENDED: {
        StepKind.RESUMED: {State.IN_FORCE},
        StepKind.MENDING_OVERDUE: {State.SUSPENDED},
        StepKind.USE_RECORDED: {State.SUSPENDED},
        StepKind.DISPUTED: {State.SUSPENDED},
        StepKind.DISPUTE_DECIDED: {State.SUSPENDED},
        StepKind.DECISION_OVERDUE: {State.SUSPENDED},
        StepKind.ENDED: {State.ENDED},
    },
    State.REFUSED: {
        StepKind.DISPUTED: {State.REFUSED},
        StepKind.DISPUTE_DECIDED: {State.REFUSED},
        StepKind.DECISION_OVERDUE: {State.REFUSED},
    },
    State.ENDED: {
        StepKind.DISPOSAL_ORDERED: {State.ENDED},
        StepKind.DISPOSED: {State.ENDED},
        StepKind.DISPOSAL_OVERDUE: {State.ENDED},
        StepKind.DISPUTE_DECIDED: {State.ENDED},
        StepKind.DECISION_OVERDUE: {State.ENDED},
        StepKind.USE_RECORDED: {State.ENDED},
    },
}
_FORMS = (made.FORM, {**made.FORM, "items": made.ASKED}, {**made.FORM, "items": made.KEPT}, {"dataset": "x"})


def _rules() -> RequestRules:
    return RequestRules("R-1", (made.CONTRACT,), made.PROVIDER, made.AUTHORITY, WorkingDays())


@st.composite
def _steps(draw: st.DrawFn) -> Step:
    kind = draw(st.sampled_from(StepKind))
    said = dict(made.SAID.get(kind, {}))
    if kind in (StepKind.APPLIED, StepKind.SUPPLEMENTED):
        said = dict(draw(st.sampled_from(_FORMS)))
    if draw(st.integers(0, 9)) == 0:
        said = {}
    party = draw(st.sampled_from([Party.REQUESTER, Party.PROVIDER, Party.AUTHORITY]))
    second = draw(st.sampled_from(["head-2", "head-2", "officer-2", ""]))
    return made.step(kind, party, draw(st.integers(0, 900)), second=second, **said)


@given(st.lists(_steps(), max_size=25))
def test_no_sequence_of_steps_leaves_the_ways_of_the_law(steps: list[Step]) -> None:
    rules, standing = _rules(), None
    kept: list[Step] = []
    for one in steps:
        try:
            after, came = taken(rules, standing, one)
        except StepRefused:
            assert folded(rules, kept) == standing, "a refusal changes nothing"
            continue
        _check(rules, standing, came)
        standing, kept = after, [*kept, *came]
    if standing is not None and standing.state in (State.IN_FORCE, State.SUSPENDED):
        kinds = [one.kind for one in kept]
        assert kinds.index(StepKind.AGREED) < kinds.index(StepKind.DELIVERED)
        [agreed] = [one for one in kept if one.kind is StepKind.AGREED]
        named = agreed.officer != "" != agreed.second != agreed.officer
        assert named or (agreed.party is Party.BRIDGE and standing.application.items == tuple(made.FREE))


def _check(rules: RequestRules, standing: Standing | None, came: list[Step]) -> None:
    for one in came:
        after = rules.after(standing, one)
        if standing is None:
            assert one.kind is StepKind.APPLIED
            assert after.state in (State.INCOMPLETE, State.RECEIVED)
        else:
            assert after.state in _WAYS[standing.state][one.kind]
        standing = after


@dataclass(frozen=True)
class _Call:
    member: str
    step: str
    body: dict[str, Any]


def _call(chance: Random) -> _Call:
    kind = chance.choice(list(REQUEST_FORMS))
    body = dict(made.SAID.get(kind, {}))
    body.pop("grant", None)
    if kind is StepKind.SUPPLEMENTED:
        body = chance.choice([FREE, ASKED])
    if kind is StepKind.REFUSED:
        body["condition"] = chance.choice(["name.purpose", "mood"])
    if "second" in REQUEST_FORMS[kind].model_fields:
        body["second"] = chance.choice(["head-2", "head-2", "officer-1", ""])
    return _Call(chance.choice([REQUESTER, PROVIDER, OFFICE, OTHER]), kind.value, body)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", range(4))
async def test_after_any_calls_the_record_is_what_the_steps_say_and_each_was_allowed(
    bureau: Bureau, seed: int
) -> None:
    chance = Random(seed)
    form = chance.choice([ASKED, ASKED, {**ASKED, "purpose": ""}])
    request_id = (await bureau.take(REQUESTER, "requests", form)).json()["request_id"]
    codes = set()
    for one in (_call(chance) for _ in range(40)):
        codes.add((await bureau.take(one.member, f"requests/{request_id}/{one.step}", one.body)).status_code)
    assert codes <= {201, 409}
    office: Office = bureau.app.state.office
    steps = await office.requests.desk.books.steps(REQUESTS, request_id)
    rules = RequestRules(
        request_id, (office.requests.contracts.contract(ASKED["dataset"]),), PROVIDER, OFFICE, WorkingDays()
    )
    standing: Standing | None = None
    for step in steps:
        rules.check(standing, step)
        standing = rules.after(standing, step)
    assert standing is not None
    [record] = await office.requests.desk.books.found(
        REQUESTS.records, ("request_id", Operator.EQ, request_id)
    )
    assert {**record, **rules.record(standing)} == record
    assert record["steps"] == len(steps)
    granted = request_id in (await bureau.grants(PROVIDER)).by_id
    assert granted is (standing.state is State.IN_FORCE)
