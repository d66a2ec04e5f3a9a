"""Whoever received a wrong value is told, as the department's access log shows it, and acknowledges."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.law.sharing.correction import Version
from services.departments.data_office.matters import CORRECTIONS
from services.departments.data_office.office import Office
from tests.services.departments.data_office.conftest import FILING, OFFICE, OTHER, PROVIDER, REQUESTER, Bureau
from tests.services.departments.data_office.shown import (
    LOOK,
    Shown,
    kinds,
    log,
    look_again,
    looked,
    seen,
    shown,
    stands,
)

__all__ = ["shown"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_whoever_received_the_wrong_value_by_the_log_is_told_and_acknowledges_for_itself(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await looked(bureau, shown)
    shown.proof = seen(4, "address")
    told = (await bureau.take(PROVIDER, f"corrections/{correction}/corrected")).json()
    assert (told["steps"], told["corrected_version"]) == (["corrected"], "1.4")
    assert told["clock"] == "show by the access log who received a wrong value"
    shown.log = log(f"{REQUESTER}/window", f"{OTHER}/window")
    await look_again(bureau)
    assert shown.asked is not None
    assert shown.asked.grant == correction
    assert shown.asked.record.startswith(str(FILING["record"]))
    assert await stands(bureau, correction) == {"open_systems": 2, "clock": "acknowledge a corrected value"}
    path = f"corrections/{correction}/acknowledged"
    for member, left in ((OTHER, 1), (REQUESTER, 0)):
        assert (await bureau.take(member, path)).json()["open_systems"] == left
        assert (await bureau.take(member, path)).json()["reason"] == "wrong-party"
    assert (await bureau.take(PROVIDER, path)).json()["reason"] == "wrong-party"
    await look_again(bureau)
    assert await kinds(bureau, correction) == [
        "filed",
        "looked",
        "corrected",
        "receivers-read",
        "notified",
        "acknowledged",
        "acknowledged",
    ]


async def test_whom_the_department_leaves_out_the_log_names(bureau: Bureau, shown: Shown) -> None:
    correction = await looked(bureau, shown)
    shown.proof, shown.log = seen(4, "address"), log(f"{REQUESTER}/window", f"{OTHER}/window")
    named = {"received_by": [f"{OTHER}/window"]}
    told = (await bureau.take(PROVIDER, f"corrections/{correction}/corrected", named)).json()
    assert (told["steps"], told["open_systems"]) == (["corrected", "notified"], 1)
    await look_again(bureau)
    office: Office = bureau.app.state.office
    steps = await office.corrections.desk.books.steps(CORRECTIONS, correction)
    notified = [one.facts["systems"] for one in steps if one.kind == "notified"]
    assert notified == [[f"{OTHER}/window"], [f"{REQUESTER}/window"]], "each is told once"
    assert (await stands(bureau, correction))["open_systems"] == 2


async def test_a_department_whose_log_is_not_shown_has_a_last_day_for_it(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await looked(bureau, shown)
    shown.proof = seen(4, "address")
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    await look_again(bureau)
    async with bureau.client(OFFICE) as client:
        page = (await client.get("/office/deadlines?within=20")).json()
    [found] = [one for one in page["deadlines"] if one["id"] == correction]
    assert (found["members"], found["clock"]) == (
        [PROVIDER],
        "show by the access log who received a wrong value",
    )
    assert (await bureau.grants(PROVIDER)).by_id[correction].member == OFFICE, "it may still look"


async def test_a_log_that_was_written_anew_is_a_step_and_whom_it_shows_are_told_all_the_same(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await looked(bureau, shown)
    shown.proof = seen(4, "address")
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    shown.log = log(f"{OTHER}/window", findings=(f"{PROVIDER}: rewritten 311",))
    await look_again(bureau)
    await look_again(bureau)
    taken = ["filed", "looked", "corrected", "log-contradicted", "notified"]
    assert await kinds(bureau, correction) == taken
    acknowledged = (await bureau.take(OTHER, f"corrections/{correction}/acknowledged")).json()
    assert acknowledged["clock"] == "show by the access log who received a wrong value"
    await look_again(bureau)
    assert await kinds(bureau, correction) == [*taken, "acknowledged"]
    shown.log = log(f"{OTHER}/window", f"{REQUESTER}/window")
    await look_again(bureau)
    assert (await stands(bureau, correction))["open_systems"] == 1


async def test_the_office_looks_once_and_what_it_saw_then_is_what_the_mended_record_is_compared_with(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await looked(bureau, shown)
    shown.seen = replace(LOOK, version=Version(1, 4))
    await look_again(bureau)
    assert (await kinds(bureau, correction)).count("looked") == 1
    shown.proof = seen(4)
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    assert shown.asked is not None
    assert shown.asked.look == LOOK


async def test_a_system_that_received_it_past_the_log_is_told_as_well(bureau: Bureau, shown: Shown) -> None:
    correction = await looked(bureau, shown)
    shown.proof, shown.log = seen(4, "address"), log()
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    await look_again(bureau)
    path, found = f"corrections/{correction}/receivers-added", {"received_by": [f"{OTHER}/window"]}
    added = (await bureau.take(PROVIDER, path, found)).json()
    assert (added["steps"], added["open_systems"]) == (["receivers-added", "notified"], 1)
    assert added["clock"] == "acknowledge a corrected value"
    assert (await bureau.take(PROVIDER, path, found)).json()["reason"] == "wrong-state"
    acknowledged = (await bureau.take(OTHER, f"corrections/{correction}/acknowledged")).json()
    assert (acknowledged["open_systems"], acknowledged["clock"]) == (0, None)


async def test_each_system_that_was_told_sees_what_it_has_to_mend_until_it_has_acknowledged(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await looked(bureau, shown)
    systems = [f"{REQUESTER}/window", f"{OTHER}/window"]
    shown.proof, shown.log = seen(4, "address"), log(*systems)
    await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    await look_again(bureau)

    async def told(member: str) -> dict[str, Any] | None:
        async with bureau.client(member) as client:
            page = (await client.get("/office/deadlines?within=20")).json()
        return next((one for one in page["deadlines"] if one["id"] == correction), None)

    async def whose(member: str) -> list[str] | None:
        found = await told(member)
        return None if found is None else list(found["systems"])

    assert [await whose(member) for member in (OTHER, REQUESTER)] == [[systems[1]], [systems[0]]]
    assert await whose(OFFICE) == sorted(systems)
    found, provider = await told(OTHER), await told(PROVIDER)
    assert found is not None
    assert provider is not None
    assert (found["item"], found["corrected_version"]) == ("address", "1.4")
    assert found["record"].startswith(FILING["record"])
    assert provider["systems"] == [], "it waits, and learns of no other member's systems"
    assert "record" not in provider
    await bureau.take(OTHER, f"corrections/{correction}/acknowledged")
    assert await told(OTHER) is None
    assert await whose(OFFICE) == [systems[0]]
