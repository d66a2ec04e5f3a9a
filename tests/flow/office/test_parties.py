"""A matter among real processes, as its parties read it: what an application lacks, what a department agrees to, and
why an item of a person's record was upheld."""

from typing import Any

import httpx
import orjson

from services.cli.world.plan import OFFICE
from services.cli.world.world import World
from tests.flow.office import asking
from tests.flow.office.asking import DATASET, FORM, KIND, take

_CASE = "case:330200-2026-000001"


def _asked(world: World, name: str, path: str) -> httpx.Response:
    with asking.client(world, name, _CASE) as member:
        return member.get(f"{world.plan.department(OFFICE).url}/office/{path}")


def _facts(world: World, name: str, path: str) -> dict[str, dict[str, Any]]:
    """What each step says, by its kind, as a member is told it."""
    answer = _asked(world, name, path)
    assert answer.status_code == 200, answer.text
    return {one["kind"]: orjson.loads(one["facts"] or "{}") for one in answer.json()["steps"]}


def test_what_lacks_is_mended_and_seen_by_the_department_before_it_agrees(world: World) -> None:
    told = take(world, "approvals", "requests", dataset=DATASET, items=["name"], until="2036-12-31")
    assert {one["field"] for one in told["gaps"]} >= {"legal_basis", "scenario", "purpose"}
    path = f"requests/{told['request_id']}"
    assert _facts(world, "approvals", path)["gaps-noticed"]["gaps"] == told["gaps"]
    take(world, "approvals", f"{path}/supplemented", **FORM, untold="监察法 第十八条")
    assert _facts(world, KIND, path)["supplemented"]["untold"] == "监察法 第十八条"
    assert _asked(world, KIND, path).json()["record"]["untold"] == "监察法 第十八条"
    assert _asked(world, "citizen_services", path).status_code == 404
    agreed = take(world, KIND, f"{path}/agreed", second="head-2")
    assert agreed["state"] == "agreed"


def test_whoever_filed_reads_why_it_was_upheld(world: World) -> None:
    form = {"dataset": f"{KIND}.enterprises", "record": "91330203MA0000007J", "item": "address"}
    said = {**form, "epoch": 1, "version": 1, "reason": "已搬迁"}
    with asking.client(world, "citizen_services", _CASE) as desk:
        told = desk.post(f"{world.plan.department(OFFICE).url}/office/corrections", json=said).json()
    path = f"corrections/{told['correction_id']}"
    assert _facts(world, KIND, path)["filed"] == said
    take(world, KIND, f"{path}/upheld", reason="与登记档案一致")
    assert _facts(world, "citizen_services", path)["upheld"] == {"reason": "与登记档案一致"}
    assert _facts(world, "citizen_services", path).get("looked", {}) == {}
    assert _asked(world, "approvals", path).status_code == 404
