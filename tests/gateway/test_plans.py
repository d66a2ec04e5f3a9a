"""Plans: the text of each is told case by case in plans.yaml, and wherever one starts, the answer is the same."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.area import build
from gateway.known import Reading
from gateway.plan import Plan
from gateway.planning import plan_of
from gateway.steps import document
from schemas.query.bind import bind
from schemas.query.parse import parse_body
from schemas.query.render import render_body
from schemas.query.tree import Embed, Query
from schemas.trust.model import Caller
from tests.gateway import oracle, town
from tests.gateway.conftest import Door, nodes_of_town, open_door, settings_for, url
from tests.gateway.questions import levels

CASES = yaml.safe_load((Path(__file__).parent / "plans.yaml").read_text())
PLAN = {"Accept": "application/vnd.langqiao.plan+json"}
_RECORDS = town.records()
_CALLER = Caller("m", "s", "o", "case:1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]).replace(" ", "-"))
async def test_a_plan_prints_its_steps_and_nothing_is_read(case: dict[str, Any]) -> None:
    async with open_door(nodes_of_town(), join_keys=5) as door:
        client = getattr(door, case.get("as", "member"))
        path = f"/records/{case['dataset'].replace('.', '/')}/query"
        answer = await client.post(path, json=case["question"], headers=PLAN)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == PLAN["Accept"]
        plan = answer.json()
        assert [step["text"] for step in plan["steps"]] == case["steps"]
        assert plan["strategy"] == case["strategy"]
        assert plan["estimate"] == sum(step["estimate"] for step in plan["steps"])
        assert not [call for node in door.nodes.values() for call in node.calls]


def test_a_plan_is_a_pure_value() -> None:
    asked = {
        "select": "name,permits!inner(permit_no),debts(*)",
        "permits.status": "eq.valid",
        "order": "staff",
    }
    assert _plan(asked) == _plan(asked)


def test_hidden_columns_never_take_a_name_of_the_caller() -> None:
    asked = {"select": "_k0:name,_k2:staff,permits(_k1:status)", "order": "opened_on"}
    root = _plan(asked).root
    for level in root.every():
        names = [column.name for column in level.asked.columns]
        assert len(set(names)) == len(names)
        assert level.hidden.isdisjoint({"_k0", "_k2"} if level is root else {"_k1"})


@pytest.mark.parametrize("sealing", [True, False])
def test_keys_of_personal_items_are_sealed_unless_the_gateway_is_told_otherwise(sealing: bool) -> None:
    plan = _plan({"select": "owner_id,owner(id_number),permits(status)"}, seal_keys=sealing)
    owner, permits = plan.root.joins
    ends = ("roll.persons.id_number", "trade.shops.owner_id") if sealing else (None, None)
    assert owner.level.key is not None
    assert (owner.parent.sealed_for, owner.level.key.sealed_for) == ends
    assert (owner.parent.name in plan.root.hidden) is sealing, "what is shown is no sealed key"
    assert permits.parent.sealed_for is None
    joined = [one["join"]["sealed"] for one in document(plan)["steps"] if "join" in one]
    assert joined == [sealing, False]


def test_what_nobody_in_particular_asks_joins_by_no_sealed_keys() -> None:
    plan = _plan({"select": "owner_id,owner(id_number)"}, Caller())
    [owner] = plan.root.joins
    assert owner.level.key is not None
    assert (owner.parent.sealed_for, owner.level.key.sealed_for) == (None, None)


def _plan(asked: Mapping[str, object], caller: Caller = _CALLER, **changed: Any) -> Plan:
    nodes = nodes_of_town()
    reading = Reading()
    area = build("me", [reading.known(url(name), node.descriptor()) for name, node in nodes.items()])
    question = bind(parse_body(asked), area.catalogue, "trade.shops")
    return plan_of(question, area, settings_for(nodes, join_keys=5, **changed), caller)


@st.composite
def _selective(draw: st.DrawFn) -> Query:
    """A question whose first embed drops rows and meets few records, so that the plan starts there."""
    query = draw(levels("trade.shops", 1))
    link = draw(st.sampled_from(("permits", "account", "debts", "branches", "parent")))
    target = oracle.CATALOGUE.links("trade.shops")[link].target
    below = draw(levels(target, 1))
    keys = {"permits": "permit_no", "account": "code", "debts": "shop_code"}
    key = keys.get(link, "code")
    values = sorted({str(row[key]) for row in _RECORDS[target]})
    wanted = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    condition = parse_body({key: f"in.({','.join(wanted)})"}).where
    embed = Embed(link, below.with_where(*condition), "first", inner=True)
    return replace(query, select=(embed, *query.select), where=())


@pytest.fixture
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    """A gateway that starts from few keys only, and gives up when it meets more."""
    async with open_door(nodes_of_town(_RECORDS), join_keys=3, start_keys=request.param) as opened:
        yield opened


@pytest.mark.parametrize("door", [2, 12], indirect=True)
@given(_selective())
async def test_where_a_plan_starts_changes_no_answer(door: Door, asked: Query) -> None:
    rows, total = oracle.answer(_RECORDS, "trade.shops", asked)
    answer = await door.ask("trade.shops", render_body(asked), Prefer="count=exact")
    body = {**render_body(asked), "limit": 2}
    first = await door.ask("trade.shops", body)
    if "langqiao-next" in first.headers:
        second = await door.ask("trade.shops", {**body, "cursor": first.headers["langqiao-next"]})
        whole = oracle.answer(_RECORDS, "trade.shops", replace(asked, limit=4))[0]
        assert first.json() + second.json() == whole
    if asked.offset <= total:
        assert answer.json() == rows
        assert answer.headers["content-range"].partition("/")[2] == str(total)
