"""Sharing requests at the office's addresses: each step is a record, and only what the law allows is one."""

from typing import Any

import pytest

from services.departments.data_office.requests import judge
from tests.services.departments.data_office.conftest import (
    ASKED,
    FREE,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _applied(bureau: Bureau, form: dict[str, Any]) -> str:
    answer = await bureau.take(REQUESTER, "requests", form)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_id"])


async def test_a_complete_request_for_what_is_free_is_granted_at_once(bureau: Bureau) -> None:
    answer = await bureau.take(REQUESTER, "requests", FREE)
    told = answer.json()
    assert told["steps"] == ["applied", "agreed", "delivered"]
    assert (told["state"], told["grant_id"]) == ("in force", told["request_id"])
    [record] = await bureau.read(f"requests?request_id=eq.{told['request_id']}")
    assert (record["state"], record["steps"], record["clock"]) == ("in force", 3, None)
    steps = await bureau.read(
        f"request_steps?select=number,kind,party,member&request_id=eq.{told['request_id']}&order=number"
    )
    assert [(one["kind"], one["party"], one["member"]) for one in steps] == [
        ("applied", "requester", REQUESTER),
        ("agreed", "bridge", OFFICE),
        ("delivered", "bridge", OFFICE),
    ]


async def test_an_incomplete_request_gets_one_notice_of_all_gaps_and_may_be_supplemented(
    bureau: Bureau,
) -> None:
    poor = {"dataset": FREE["dataset"], "items": ["credit_code", "shoe_size"], "mode": "pigeon"}
    answer = await bureau.take(REQUESTER, "requests", poor)
    told = answer.json()
    assert (told["state"], told["steps"]) == ("incomplete", ["applied", "gaps-noticed"])
    async with bureau.client(OTHER) as client:
        refused = await client.get(
            f"/records/data_office/request_steps?select=facts&request_id=eq.{told['request_id']}"
        )
    assert refused.json()["code"] == "grant-required"
    path = f"requests/{told['request_id']}/supplemented"
    again = (await bureau.take(REQUESTER, path, poor)).json()
    assert (again["state"], again["steps"]) == ("incomplete", ["supplemented"])
    whole = (await bureau.take(REQUESTER, path, FREE)).json()
    assert whole["state"] == "in force"


async def test_a_conditional_request_is_agreed_by_two_named_people_and_delivered(bureau: Bureau) -> None:
    request_id = await _applied(bureau, ASKED)
    [record] = await bureau.read(f"requests?request_id=eq.{request_id}")
    assert record["clock"] == "answer a request for conditional data"
    assert record["due_on"] or record["pending_calendar"]
    path = f"requests/{request_id}"
    for second in ("", "officer-1"):
        alone = await bureau.take(PROVIDER, f"{path}/agreed", {"second": second})
        assert (alone.status_code, alone.json()["reason"]) == (409, "two-people")
    assert (await bureau.take(PROVIDER, f"{path}/agreed", {"second": "head-2"})).json()["state"] == "agreed"
    delivered = (await bureau.take(PROVIDER, f"{path}/delivered")).json()
    assert (delivered["state"], delivered["grant_id"]) == ("in force", request_id)


@pytest.mark.parametrize(
    ("member", "step", "body", "reason"),
    [
        (OTHER, "agreed", {"second": "head-2"}, "wrong-party"),
        (REQUESTER, "agreed", {"second": "head-2"}, "wrong-party"),
        (PROVIDER, "delivered", {}, "wrong-state"),
        (
            PROVIDER,
            "refused",
            {"second": "head-2", "condition": "mood", "reason": "x"},
            "unpublished-condition",
        ),
        (PROVIDER, "refused", {"second": "head-2", "condition": "name.purpose"}, "says-too-little"),
        (PROVIDER, "extension-asked", {"second": "head-2", "working_days": 3}, "says-too-little"),
        (
            PROVIDER,
            "extension-asked",
            {"second": "head-2", "working_days": 11, "reason": "x"},
            "too-long",
        ),
        (PROVIDER, "extended", {"working_days": 3}, "wrong-party"),
        (OFFICE, "extended", {"working_days": 3}, "wrong-state"),
        (PROVIDER, "suspended", {"second": "head-2", "reason": "x", "mend_by": "2036-01-01"}, "wrong-state"),
        (PROVIDER, "ended", {"reason": "x"}, "wrong-party"),
        (REQUESTER, "disposed", {"second": "h", "method": "erased", "where": "all"}, "wrong-state"),
        (REQUESTER, "supplemented", FREE, "wrong-state"),
    ],
)
async def test_a_step_that_the_law_does_not_allow_is_refused_and_leaves_no_trace(
    bureau: Bureau, member: str, step: str, body: dict[str, Any], reason: str
) -> None:
    request_id = await _applied(bureau, ASKED)
    before = await bureau.read(f"requests?request_id=eq.{request_id}")
    answer = await bureau.take(member, f"requests/{request_id}/{step}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "step-refused")
    assert answer.json()["reason"] == reason
    assert await bureau.read(f"requests?request_id=eq.{request_id}") == before
    assert len(await bureau.read(f"request_steps?select=number&request_id=eq.{request_id}")) == 1


async def test_an_extension_that_the_authority_grants_moves_the_last_day(bureau: Bureau) -> None:
    request_id = await _applied(bureau, ASKED)
    [before] = await bureau.read(f"requests?request_id=eq.{request_id}")
    body = {"second": "head-2", "working_days": 3, "reason": "archive"}
    asked = (await bureau.take(PROVIDER, f"requests/{request_id}/extension-asked", body)).json()
    assert (asked["due_on"], asked["pending_calendar"]) == (before["due_on"], before["pending_calendar"])
    told = (await bureau.take(OFFICE, f"requests/{request_id}/extended", {"working_days": 3})).json()
    assert told["pending_calendar"] or told["due_on"] > before["due_on"]


async def test_who_disputes_learns_which_division_decides_and_its_office_decides_once(bureau: Bureau) -> None:
    request_id = await _applied(bureau, ASKED)
    path = f"requests/{request_id}"
    told = (await bureau.take(REQUESTER, f"{path}/disputed", {"reason": "no answer"})).json()
    assert (told["steps"], told["decided_by"]) == (["disputed"], OFFICE.partition(".")[0])
    body = {"decision": "the items are shared"}
    for member in (REQUESTER, PROVIDER):
        assert (await bureau.take(member, f"{path}/dispute-decided", body)).json()["reason"] == "wrong-party"
    assert (await bureau.take(OFFICE, f"{path}/dispute-decided")).json()["reason"] == "says-too-little"
    assert (await bureau.take(OFFICE, f"{path}/dispute-decided", body)).json()["state"] == "received"
    assert (await bureau.take(OFFICE, f"{path}/dispute-decided", body)).json()["reason"] == "wrong-state"


@pytest.mark.parametrize(
    ("one", "other", "office"),
    [
        ("330203.taxation", "330203.credit", "330203.data_office"),
        ("330203.taxation", "330212.credit", "330200.data_office"),
        ("330106.taxation", "330200.credit", "330000.data_office"),
        ("330203.taxation", "330200.credit", "330200.data_office"),
        ("330203.taxation", "310101.credit", ""),
    ],
)
async def test_a_dispute_goes_to_the_data_office_of_the_lowest_common_superior(
    one: str, other: str, office: str
) -> None:
    assert judge(one, other, OFFICE) == office


async def test_the_end_orders_disposal_and_takes_the_certificate_once(bureau: Bureau) -> None:
    request_id = await _applied(bureau, FREE)
    ended = (await bureau.take(REQUESTER, f"requests/{request_id}/ended", {"reason": "done"})).json()
    assert ended["steps"] == ["ended", "disposal-ordered"]
    certificate = {"second": "head-1", "method": "erased", "where": "all copies"}
    assert (await bureau.take(REQUESTER, f"requests/{request_id}/disposed", certificate)).status_code == 201
    again = await bureau.take(REQUESTER, f"requests/{request_id}/disposed", certificate)
    assert again.json()["reason"] == "wrong-state"


async def test_nothing_is_written_past_the_steps(bureau: Bureau) -> None:
    request_id = await _applied(bureau, ASKED)
    async with bureau.client(OFFICE) as office:
        address = f"/records/data_office/requests/{request_id}"
        assert (await office.put(address, json={}, headers={"If-Match": "*"})).status_code == 405
        assert (await office.delete(address, headers={"If-Match": "*"})).status_code == 405
        assert (await office.post("/records/data_office/requests", json={})).status_code == 405


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({**FREE, "dataset": "moon.phases"}, "unknown-dataset", 404),
        ({**FREE, "provider": "330200.taxation"}, "bad-body", 400),
        ({**FREE, "provider": "330203.market_regulation"}, "step-refused", 409),
        ({**FREE, "colour": "red"}, "bad-body", 400),
        ({**FREE, "items": "all"}, "bad-body", 400),
        ({**FREE, "quota_per_day": 0}, "bad-body", 400),
        ({**FREE, "told_after_days": 36_501}, "bad-body", 400),
        ({**FREE, "purpose": "a\x00b"}, "bad-body", 400),
        ({}, "bad-body", 400),
    ],
)
async def test_what_is_no_application_is_a_problem(
    bureau: Bureau, body: dict[str, Any], code: str, status: int
) -> None:
    answer = await bureau.take(REQUESTER, "requests", body or {"x": 1})
    assert (answer.json()["code"], answer.status_code) == (code, status)


async def test_a_step_needs_a_member_an_officer_and_a_purpose(bureau: Bureau) -> None:
    async with bureau.client(REQUESTER) as client:
        assert (
            await client.post("/office/requests", json=FREE, headers={"Authorization": ""})
        ).status_code == 401
        del client.headers["Langqiao-Purpose"]
        assert (await client.post("/office/requests", json=FREE)).json()["code"] == "purpose-required"
    assert (await bureau.take(REQUESTER, "requests/R-2026-999999/ended", {"reason": "x"})).status_code == 404
