"""A grant names no major, and so opens an item in each: what is asked for is judged by all that are published, and
nothing comes of itself that one of them shares on condition."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import schemas
from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.contracts.model import Contract, SharingClass
from schemas.query.bind import bind
from schemas.query.parse import parse_params
from schemas.trust.access import decide
from schemas.trust.model import Caller
from schemas.wire.problem import Problem
from services.departments.data_office.asking import Complaint
from services.departments.data_office.office import Office
from tests.clock import Clock
from tests.services.departments.data_office.asked_node import OWNER, make_asked, window
from tests.services.departments.data_office.conftest import (
    FILING,
    FREE,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    make_settings,
    opened,
)
from tests.services.engine.api import office as asked_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DATASET = str(FREE["dataset"])
_ENTRIES = [f"{PROVIDER}.legal_representatives:{major}.0.0" for major in (1, 2)]
_CONDITION = {
    "property": "sharing",
    "value": {"class": "conditional", "scope": "本市部门", "purpose": "核验"},
}
#: Free in the first major and on condition in the second; in the second alone.
_STRICTER, _LATER = "position", "appointed_as"


@asynccontextmanager
async def _office(trust: Trust, seeded: Path, folder: Path) -> AsyncIterator[Bureau]:
    """An office that knows a second major of a dataset, which is not in its catalogue yet."""
    shutil.copytree(
        Path(schemas.__file__).parent, folder / "contracts", ignore=lambda _, names: _no_contracts(names)
    )
    first = folder / "contracts" / f"{_DATASET.replace('.', '/')}.v1.odcs.yaml"
    document = yaml.safe_load(first.read_text(encoding="utf-8"))
    document |= {"version": "2.0.0", "id": f"urn:langqiao:contract:{_DATASET}:2"}
    items = document["schema"][0]["properties"]
    [stricter] = [one for one in items if one["name"] == _STRICTER]
    kept = [one for one in stricter["customProperties"] if one["property"] != "sharing"]
    items.append({**stricter, "name": _LATER, "physicalName": "appointed"})
    items[items.index(stricter)] = {**stricter, "customProperties": [*kept, _CONDITION]}
    text = yaml.safe_dump(document, allow_unicode=True)
    first.with_name(first.name.replace("v1", "v2")).write_text(text, encoding="utf-8")
    settings = make_settings(folder, trust, seeded)
    changed = {"contracts_dir": folder / "contracts", "environment": "demo"}
    async with opened(settings.model_copy(update=changed), trust, Clock()) as bureau:
        yield bureau


def _no_contracts(names: list[str]) -> set[str]:
    return {one for one in names if "." in one and not one.endswith(".odcs.yaml")} | {"__pycache__"}


def _majors(bureau: Bureau) -> tuple[Contract, ...]:
    office: Office = bureau.app.state.office
    return office.requests.contracts.every(_DATASET)


async def _publish_second(bureau: Bureau) -> None:
    said = {"dataset": _DATASET, "version": "2.0.0"}
    for member, path, body in (
        (PROVIDER, "entries", said),
        (PROVIDER, f"entries/{_ENTRIES[1]}/approved", {}),
        (PROVIDER, f"entries/{_ENTRIES[1]}/submitted", {}),
        (OFFICE, f"entries/{_ENTRIES[1]}/published", {}),
    ):
        answer = await bureau.take(member, path, body, officer=f"officer-{path[-4:]}")
        assert answer.status_code == 201, answer.text


async def _retire_first(bureau: Bureau) -> None:
    office: Office = bureau.app.state.office
    ends = office.clocks.today() + timedelta(days=90)
    notice = {"ends": str(ends), "reason": "a new major"}
    noticed = await bureau.take(OFFICE, f"entries/{_ENTRIES[0]}/retirement-noticed", notice)
    assert noticed.status_code == 201, noticed.text
    await office.move(timedelta(days=91))
    [entry] = await bureau.read(f"entries?select=state&entry_id=eq.{_ENTRIES[0]}")
    assert entry["state"] == "retired"


async def _asked(bureau: Bureau, *items: str, member: str = REQUESTER, **changed: Any) -> dict[str, Any]:
    answer = await bureau.take(member, "requests", {**FREE, "items": list(items), **changed})
    told: dict[str, Any] = answer.json()
    assert answer.status_code == 201, told
    return told


async def _opens(bureau: Bureau, request_id: str, major: int, item: str) -> bool:
    """Whether the department answers the item of that major under what the office signed for it."""
    contract = _majors(bureau)[major - 1]
    question = bind(parse_params([("select", item)]), Catalogue([contract]), _DATASET, major)
    caller = Caller(REQUESTER, f"{REQUESTER}/window", "officer-1", f"grant:{request_id}")
    try:
        decide(question, caller, await bureau.grants(PROVIDER), datetime.now(UTC), owner=PROVIDER)
    except Problem as refused:
        if refused.code not in ("grant-required", "unknown-grant"):
            raise
        return False
    return True


async def test_what_a_published_major_shares_on_condition_is_not_granted_by_itself(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    async with _office(trust, seeded, tmp_path) as bureau:
        await _publish_second(bureau)
        told = await _asked(bureau, "credit_code", _STRICTER)
        assert (told["steps"], told["state"]) == (["applied"], "received")
        await _retire_first(bureau)
        again = await _asked(bureau, _STRICTER)
        assert (again["steps"], again["state"]) == (["applied"], "received")
        for one in (told, again):
            assert not await _opens(bureau, one["request_id"], 2, _STRICTER)
        path = f"requests/{again['request_id']}"
        assert (await bureau.take(PROVIDER, f"{path}/agreed", {"second": "head-2"})).status_code == 201
        assert (await bureau.take(PROVIDER, f"{path}/delivered")).status_code == 201
        assert await _opens(bureau, again["request_id"], 2, _STRICTER), "its department agreed to it"


async def test_a_major_that_comes_later_is_not_opened_by_what_was_granted_by_itself(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    async with _office(trust, seeded, tmp_path) as bureau:
        both = await _asked(bureau, "credit_code", _STRICTER)
        alone = await _asked(bureau, _STRICTER)
        assert (both["state"], alone["state"]) == ("in force", "in force")
        await _publish_second(bureau)
        listed = await bureau.grants(PROVIDER)
        assert listed.by_id[both["request_id"]].items == ("credit_code",)
        its = set(listed.by_id[alone["request_id"]].items)
        assert (_STRICTER in its, "credit_code" in its) == (False, True), "it names what all may have"
        for major in _majors(bureau):
            shared = {major.items[one].sharing.sharing_class for one in its if one in major.items}
            assert shared == {SharingClass.UNCONDITIONAL}
        for one in (both, alone):
            assert not await _opens(bureau, one["request_id"], 2, _STRICTER)
            assert await _opens(bureau, one["request_id"], 1, _STRICTER), "there it is shared with all"
        [record] = await bureau.read(f"requests?select=items,state&request_id=eq.{alone['request_id']}")
        assert record == {"items": _STRICTER, "state": "in force"}


async def test_what_its_department_agreed_to_is_told_by_the_steps_and_not_by_todays_contract(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    async with _office(trust, seeded, tmp_path) as bureau:
        told = await _asked(bureau, "name", _STRICTER)
        path = f"requests/{told['request_id']}"
        assert (await bureau.take(PROVIDER, f"{path}/agreed", {"second": "head-2"})).status_code == 201
        assert (await bureau.take(PROVIDER, f"{path}/delivered")).status_code == 201
        await _publish_second(bureau)
        assert (await bureau.grants(PROVIDER)).by_id[told["request_id"]].items == ("name", _STRICTER)
        assert await _opens(bureau, told["request_id"], 2, _STRICTER)


async def test_an_item_is_asked_for_while_a_major_that_has_it_is_published(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    async with _office(trust, seeded, tmp_path) as bureau:
        early = await _asked(bureau, _LATER)
        assert (early["state"], early["steps"]) == ("incomplete", ["applied", "gaps-noticed"])
        await _publish_second(bureau)
        path = f"requests/{early['request_id']}"
        assert (await bureau.read(f"requests?select=state&request_id=eq.{early['request_id']}")) == [
            {"state": "incomplete"}
        ]
        supplemented = await bureau.take(REQUESTER, f"{path}/supplemented", {**FREE, "items": [_LATER]})
        assert supplemented.json()["state"] == "in force"
        told = await _asked(bureau, _LATER)
        assert told["state"] == "in force"
        assert (await bureau.grants(PROVIDER)).by_id[told["request_id"]].items == (_LATER,)
        await _retire_first(bureau)
        ended = await bureau.take(REQUESTER, f"{path}/ended", {"reason": "done"})
        assert ended.json()["received_at"] == supplemented.json()["received_at"]


async def test_an_item_of_a_later_major_alone_is_said_to_be_wrong(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    async with _office(trust, seeded, tmp_path) as bureau:
        said = {**FILING, "dataset": _DATASET, "item": _LATER}
        filed = await bureau.take(OTHER, "corrections", said)
        assert filed.status_code == 201, filed.text
        office: Office = bureau.app.state.office
        complaint = await office.corrections._complaint(filed.json()["correction_id"], PROVIDER)
        assert complaint.contract.major == 2
        nothing = await bureau.take(OTHER, "corrections", {**said, "item": "mobile"})
        assert nothing.json()["code"] == "unknown-item", "which every major withholds"


async def test_the_office_looks_at_an_item_by_the_major_that_has_it(tmp_path: Path) -> None:
    asked = make_asked(tmp_path)
    contracts = Catalogue(load_all(asked.settings.contracts_dir))
    contract = contracts.contract(f"{asked_office.KIND}.inspections", 2)
    async with asked.running() as node, asked.client(node, window("reader"), "case:330203-1") as client:
        answer = await client.get(f"/records/{asked_office.KIND}/inspections?select=record_id&plate=eq.A00")
        [record] = answer.json()
        complaint = Complaint("C-2026-000001", contract, OWNER, record["record_id"], "inspected_at")
        seen = await asked.asking(node).look(complaint)
    assert seen is not None
    assert seen.value == "2026-01-31T00:00:00Z"
