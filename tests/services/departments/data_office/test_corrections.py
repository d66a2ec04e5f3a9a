"""Correction requests: closed by what is published and not by what is said; whoever was told wrong acknowledges."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from schemas.law.sharing.correction import Corrected, Version
from services.departments.data_office.matters import CORRECTIONS
from services.departments.data_office.office import Office
from services.departments.data_office.proofs import Complaint
from tests.services.departments.data_office.conftest import FILING, OFFICE, OTHER, PROVIDER, REQUESTER, Bureau

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Shown:
    """What record and topic show, as a test says it."""

    proof: Corrected | None = None
    asked: Complaint | None = None

    async def of(self, complaint: Complaint) -> Corrected | None:
        self.asked = complaint
        return self.proof


@pytest_asyncio.fixture(loop_scope="module")
async def shown(bureau: Bureau) -> AsyncIterator[Shown]:
    office: Office = bureau.app.state.office
    made = Shown()
    bureau.app.state.office = replace(office, corrections=replace(office.corrections, proofs=made))
    yield made
    bureau.app.state.office = office


async def _filed(bureau: Bureau, **changed: Any) -> str:
    answer = await bureau.take(REQUESTER, "corrections", {**FILING, **changed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["correction_id"])


def _seen(version: int, *changed: str) -> Corrected:
    return Corrected(Version(1, version), frozenset(changed))


async def test_it_is_filed_with_a_last_day_and_the_wrong_value_is_kept_nowhere(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await _filed(bureau, by_subject=True)
    [record] = await bureau.read(
        f"corrections?select=state,filed_by,by_subject,due_on,pending_calendar,clock&correction_id=eq.{correction}"
    )
    assert (record["state"], record["filed_by"], record["by_subject"]) == ("filed", REQUESTER, True)
    assert record["due_on"] or record["pending_calendar"]
    office: Office = bureau.app.state.office
    [step] = await office.corrections.desk.books.steps(CORRECTIONS, correction)
    assert "旧地址" not in str(step.facts)


@pytest.mark.parametrize(
    "proof", [None, _seen(3, "address"), _seen(2, "address"), _seen(4), _seen(4, "name")], ids=str
)
async def test_it_is_not_corrected_unless_a_later_version_with_that_item_changed_is_published(
    bureau: Bureau, shown: Shown, proof: Corrected | None
) -> None:
    correction = await _filed(bureau)
    shown.proof = proof
    answer = await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not-corrected")


async def test_whoever_received_the_wrong_value_is_told_and_acknowledges_for_itself(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await _filed(bureau)
    shown.proof = _seen(4, "address")
    systems = [f"{REQUESTER}/window", f"{OTHER}/window"]
    told = (
        await bureau.take(PROVIDER, f"corrections/{correction}/corrected", {"received_by": systems})
    ).json()
    assert told["steps"] == ["corrected", "notified"]
    assert (told["corrected_version"], told["open_systems"]) == ("1.4", 2)
    assert shown.asked is not None
    assert (shown.asked.grant, shown.asked.record) == (correction, FILING["record"])
    path = f"corrections/{correction}/acknowledged"
    for member, left in ((OTHER, 1), (REQUESTER, 0)):
        assert (await bureau.take(member, path)).json()["open_systems"] == left
        assert (await bureau.take(member, path)).json()["reason"] == "wrong-party"
    assert (await bureau.take(PROVIDER, path)).json()["reason"] == "wrong-party"


async def test_a_system_that_the_access_log_finds_later_is_told_as_well(bureau: Bureau, shown: Shown) -> None:
    correction = await _filed(bureau)
    shown.proof = _seen(4, "address")
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    path, found = f"corrections/{correction}/receivers-added", {"received_by": [f"{OTHER}/window"]}
    added = (await bureau.take(PROVIDER, path, found)).json()
    assert (added["steps"], added["open_systems"]) == (["receivers-added", "notified"], 1)
    assert added["clock"] == "acknowledge a corrected value"
    assert (await bureau.take(PROVIDER, path, found)).json()["reason"] == "wrong-state"
    acknowledged = (await bureau.take(OTHER, f"corrections/{correction}/acknowledged")).json()
    assert (acknowledged["open_systems"], acknowledged["clock"]) == (0, None)


async def test_each_system_that_was_told_sees_what_it_has_to_acknowledge_until_it_has(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await _filed(bureau)
    shown.proof = _seen(4, "address")
    systems = [f"{REQUESTER}/window", f"{OTHER}/window"]
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected", {"received_by": systems})

    async def told(member: str) -> list[str] | None:
        async with bureau.client(member) as client:
            page = (await client.get("/office/deadlines?within=20")).json()
        found = {one["id"]: one["systems"] for one in page["deadlines"]}
        return found.get(correction)

    assert [await told(member) for member in (OTHER, REQUESTER)] == [[systems[1]], [systems[0]]]
    assert await told(OFFICE) == sorted(systems)
    assert await told(PROVIDER) == [], "it waits, and learns of no other member's systems"
    await bureau.take(OTHER, f"corrections/{correction}/acknowledged")
    assert await told(OTHER) is None
    assert await told(OFFICE) == [systems[0]]


async def test_it_is_upheld_with_reasons_alone_and_by_its_department_alone(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await _filed(bureau)
    path = f"corrections/{correction}/upheld"
    assert (await bureau.take(PROVIDER, path)).json()["reason"] == "says-too-little"
    assert (await bureau.take(REQUESTER, path, {"reason": "x"})).json()["reason"] == "wrong-party"
    assert (await bureau.take(PROVIDER, path, {"reason": "as registered"})).json()["state"] == "upheld"
    shown.proof = _seen(4, "address")
    assert (await bureau.take(PROVIDER, f"corrections/{correction}/corrected")).json()[
        "reason"
    ] == "wrong-state"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"item": "shoe_size"}, "unknown-item"),
        ({"dataset": "moon.phases"}, "unknown-dataset"),
        ({"provider": "330200.taxation"}, "bad-body"),
        ({"reason": ""}, "step-refused"),
        ({"version": -1}, "bad-body"),
        ({"value": {"a": 1}}, "bad-body"),
    ],
)
async def test_what_is_no_correction_request_is_a_problem(
    bureau: Bureau, changed: dict[str, Any], code: str
) -> None:
    answer = await bureau.take(REQUESTER, "corrections", {**FILING, **changed})
    assert answer.json()["code"] == code


async def test_the_office_may_look_at_the_item_while_the_request_is_open_and_no_longer(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await _filed(bureau)
    assert (await bureau.grants(PROVIDER)).by_id[correction].items == ("address",)
    await bureau.take(PROVIDER, f"corrections/{correction}/upheld", {"reason": "as registered"})
    assert correction not in (await bureau.grants(PROVIDER)).by_id
