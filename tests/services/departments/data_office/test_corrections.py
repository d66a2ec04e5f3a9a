"""Correction requests: closed by what is published, and not by what is said."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.law.sharing.correction import Corrected
from services.departments.data_office.filers import Filed, Word
from services.departments.data_office.matters import CORRECTIONS
from services.departments.data_office.office import Office
from services.departments.data_office.receiving import Receiving
from tests.services.departments.data_office.conftest import FILING, PROVIDER, REQUESTER, Bureau
from tests.services.departments.data_office.shown import (
    Shown,
    filed,
    kinds,
    look_again,
    looked,
    seen,
    shown,
)

__all__ = ["shown"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_it_is_filed_with_a_last_day_and_by_the_member_itself(bureau: Bureau, shown: Shown) -> None:
    correction = await filed(bureau)
    [record] = await bureau.read(
        f"corrections?select=state,filed_by,by_subject,due_on,pending_calendar,clock&correction_id=eq.{correction}"
    )
    assert (record["state"], record["filed_by"], record["by_subject"]) == ("filed", REQUESTER, False)
    assert record["due_on"] or record["pending_calendar"]
    assert shown.filed is None


async def _by_subject(bureau: Bureau, correction: str) -> tuple[bool, str]:
    """Whether it is shown as the subject's, and what the first step says."""
    [record] = await bureau.read(f"corrections?select=by_subject&correction_id=eq.{correction}")
    office: Office = bureau.app.state.office
    [step] = await office.corrections.desk.books.steps(CORRECTIONS, correction)
    return bool(record["by_subject"]), str(step.facts)


async def test_it_is_the_subjects_where_the_department_says_that_the_record_is_about_the_identified_person(
    bureau: Bureau, shown: Shown
) -> None:
    shown.identified = "identified:visit-1"
    record = "of-its-subject"
    correction = await filed(bureau, record=record, vouched="a signed word", mandates=["another"])
    by_subject, facts = await _by_subject(bureau, correction)
    assert by_subject
    assert "visit-1" in facts
    assert "signed word" not in facts, "whom it is on stands in no step"
    assert shown.filed == (
        Word("a signed word", ("another",)),
        Filed(f"{REQUESTER}/window", PROVIDER, str(FILING["dataset"]), record),
    )


async def test_it_is_the_members_own_where_the_department_does_not_say_so(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await filed(bureau, vouched="a signed word")
    by_subject, facts = await _by_subject(bureau, correction)
    assert (by_subject, "identified" in facts) == (False, False)


@pytest.mark.parametrize(
    "proof", [None, seen(3, "address"), seen(2, "address"), seen(4), seen(4, "name")], ids=str
)
async def test_it_is_not_corrected_unless_a_later_version_with_that_item_changed_is_published(
    bureau: Bureau, shown: Shown, proof: Corrected | None
) -> None:
    correction = await looked(bureau, shown)
    shown.proof = proof
    answer = await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not-corrected")


async def test_it_is_not_corrected_before_the_office_has_seen_how_the_record_stands(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await filed(bureau)
    shown.proof = seen(4, "address")
    answer = await bureau.take(PROVIDER, f"corrections/{correction}/corrected")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not-looked")
    assert shown.asked is None, "what is mended by now is compared with nothing"


async def _all_of(bureau: Bureau, correction: str) -> list[dict[str, Any]]:
    """What every member is told of it, without its number and what its filing says."""
    steps = await bureau.read(f"correction_steps?correction_id=eq.{correction}&order=number")
    [record] = await bureau.read(f"corrections?correction_id=eq.{correction}")
    own = {"step_id", "correction_id", "at", "recorded_at", "changed_at", "filed_at"}
    return [{name: value for name, value in one.items() if name not in own} for one in (*steps, record)]


async def test_nobody_is_told_whether_there_is_such_a_record(bureau: Bureau, shown: Shown) -> None:
    there = await looked(bureau, shown)
    shown.seen, shown.looks = None, 0
    absent = await filed(bureau)
    await look_again(bureau)
    assert await _all_of(bureau, absent) == await _all_of(bureau, there)
    assert await kinds(bureau, absent) == ["filed", "looked"]
    office: Office = bureau.app.state.office
    bureau.app.state.office = replace(office, receiving=Receiving(office.corrections, shown))
    await look_again(bureau)
    assert shown.looks == 1, "another process of the office does not look again"
    shown.proof = seen(4, "address")
    refused = await bureau.take(PROVIDER, f"corrections/{absent}/corrected")
    assert (refused.status_code, refused.json()["reason"]) == (409, "not-corrected")
    upheld = await bureau.take(
        PROVIDER, f"corrections/{absent}/upheld", {"reason": "there is no such record"}
    )
    assert upheld.json()["state"] == "upheld"


@pytest.mark.parametrize("version", [0, 2, 99])
async def test_a_version_that_the_record_does_not_hold_is_taken_and_nothing_is_judged_by_it(
    bureau: Bureau, shown: Shown, version: int
) -> None:
    correction = await looked(bureau, shown, version=version)
    path = f"corrections/{correction}/corrected"
    shown.proof = seen(3, "address")
    assert (await bureau.take(PROVIDER, path)).json()["reason"] == "not-corrected"
    shown.proof = seen(4, "address")
    assert (await bureau.take(PROVIDER, path)).json()["state"] == "corrected"


async def test_it_is_upheld_with_reasons_alone_and_by_its_department_alone(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await filed(bureau)
    path = f"corrections/{correction}/upheld"
    assert (await bureau.take(PROVIDER, path)).json()["reason"] == "says-too-little"
    assert (await bureau.take(REQUESTER, path, {"reason": "x"})).json()["reason"] == "wrong-party"
    assert (await bureau.take(PROVIDER, path, {"reason": "as registered"})).json()["state"] == "upheld"
    shown.proof = seen(4, "address")
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
        ({"value": "旧地址"}, "bad-body"),
        ({"version": ...}, "bad-body"),
        ({"by_subject": True}, "bad-body"),
        ({"vouched": ""}, "bad-body"),
    ],
)
async def test_what_is_no_correction_request_is_a_problem(
    bureau: Bureau, changed: dict[str, Any], code: str
) -> None:
    said = {name: value for name, value in {**FILING, **changed}.items() if value is not ...}
    answer = await bureau.take(REQUESTER, "corrections", said)
    assert answer.json()["code"] == code
    assert "旧地址" not in answer.text


async def test_the_office_may_look_at_the_item_while_the_request_is_open_and_no_longer(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await filed(bureau)
    assert (await bureau.grants(PROVIDER)).by_id[correction].items == ("address",)
    await bureau.take(PROVIDER, f"corrections/{correction}/upheld", {"reason": "as registered"})
    assert correction not in (await bureau.grants(PROVIDER)).by_id
