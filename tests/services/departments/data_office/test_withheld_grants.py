"""Nothing that one member asks for keeps a department from what was granted and suspended there."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.query.bound import Value
from schemas.trust import keys, signed
from schemas.trust.left_out import LeftOut
from services.departments.data_office.granted import ROOM, Unlisted, fitting
from services.departments.data_office.granting import Granting
from services.departments.data_office.matters import REQUESTS
from services.departments.data_office.office import Office
from services.engine.source.port import Changing, Creation
from tests.clock import Clock
from tests.services.departments.data_office.conftest import (
    ASKED,
    FILING,
    FREE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
)

_AT_OFFICE = pytest.mark.asyncio(loop_scope="module")
_METRIC = f'langqiao_office_grants_left_out{{{{provider="{PROVIDER}",reason="{{}}"}}}}'
_SUSPENDED = {"second": "head-2", "reason": "beyond its purpose", "mend_by": "2036-05-01"}


async def _granted(bureau: Bureau, member: str = REQUESTER, **changed: Any) -> str:
    answer = await bureau.take(member, "requests", {**FREE, **changed})
    assert answer.json()["state"] == "in force", answer.text
    return str(answer.json()["request_id"])


def _office(bureau: Bureau) -> Office:
    office: Office = bureau.app.state.office
    return office


@_AT_OFFICE
async def test_a_last_day_that_no_grant_can_have_is_a_gap(bureau: Bureau) -> None:
    told = (await bureau.take(REQUESTER, "requests", {**FREE, "until": "9999-12-31"})).json()
    assert told["state"] == "incomplete"
    [step] = [one for one in await _steps(bureau, told["request_id"]) if one.kind == "gaps-noticed"]
    assert [one["field"] for one in step.facts["gaps"]] == ["until"]


async def _steps(bureau: Bureau, request_id: str) -> list[Any]:
    return await _office(bureau).requests.desk.books.steps(REQUESTS, request_id)


@_AT_OFFICE
@pytest.mark.parametrize("items", [{"until": date.max}, {"items": None}, {"purpose": None}])
async def test_a_request_that_makes_no_grant_is_left_out_and_told_of_by_its_number(
    bureau: Bureau, clock: Clock, caplog: pytest.LogCaptureFixture, items: dict[str, Value]
) -> None:
    bad, good = await _granted(bureau), await _granted(bureau)
    source = _office(bureau).requests.desk.books.source
    await source.together([Changing(REQUESTS.records, 1, (bad,), items)])
    clock.now += timedelta(seconds=1)
    listed = (await bureau.grants(PROVIDER)).by_id
    assert good in listed
    assert bad not in listed
    assert (await bureau.grants(PROVIDER)).left_out == (LeftOut("no-grant", 1, (bad,)),)
    assert _METRIC.format("no-grant") + " 1.0" in await _metrics(bureau)
    [message] = {one.getMessage() for one in caplog.records if bad in one.getMessage()}
    assert FREE["purpose"] not in message
    await source.together([Changing(REQUESTS.records, 1, (bad,), {"state": "ended"})])
    clock.now += timedelta(seconds=1)
    assert (await bureau.grants(PROVIDER)).left_out == (), "nothing is left out any more"
    assert "langqiao_office_grants_left_out{" not in await _metrics(bureau)


async def _metrics(bureau: Bureau) -> str:
    async with bureau.client(PROVIDER) as client:
        return (await client.get("/metrics")).text


@_AT_OFFICE
async def test_suspensions_are_told_however_much_was_granted(
    bureau: Bureau, caplog: pytest.LogCaptureFixture
) -> None:
    asked = (await bureau.take(REQUESTER, "requests", ASKED)).json()["request_id"]
    for step, body in (("agreed", {"second": "head-2"}), ("delivered", {})):
        assert (await bureau.take(PROVIDER, f"requests/{asked}/{step}", body)).status_code == 201
    free = await _granted(bureau)
    source = _office(bureau).requests.desk.books.source
    [record] = await _office(bureau).requests.in_force(request_id=free)
    long = {"delegates": ",".join(f"{one:03}" + "廊" * 197 for one in range(100)), "purpose": "桥" * 2_000}
    ids = [f"R-2026-9{number:05}" for number in range(5)]
    many = [{**record, **long, "request_id": one, "grant_id": one} for one in ids]
    await source.together([Creation(REQUESTS.records, 1, one) for one in many])
    office = _office(bureau)
    its = office.granting
    granting = Granting(its.requests, its.corrections, its.key, 250_000)
    granting.briefs = its.briefs
    bureau.app.state.office = replace(office, granting=granting)
    told = await bureau.grants(PROVIDER)
    before = told.by_id
    assert [(one.reason, one.ids[-1]) for one in told.left_out] == [("no-room", ids[-1])]
    assert {asked, free} <= before.keys(), "what a department agreed to, and what was there first, is kept"
    assert ids[0] in before
    assert ids[-1] not in before
    assert any(PROVIDER in one.getMessage() and "room" in one.getMessage() for one in caplog.records)
    assert (await bureau.take(PROVIDER, f"requests/{asked}/suspended", _SUSPENDED)).status_code == 201
    assert asked not in (await bureau.grants(PROVIDER)).by_id
    bureau.app.state.office = office
    await source.together([Changing(REQUESTS.records, 1, (one,), {"state": "ended"}) for one in ids])


def test_a_document_that_has_no_room_left_is_one_that_a_node_reads() -> None:
    grant = {"id": "", "purpose": "桥" * 30_000}
    made = [(str(one), {**grant, "id": str(one)}) for one in range(190)]
    kept, key = fitting(made, ROOM, Unlisted()), keys.new_key()
    assert 0 < len(kept) < len(made)
    assert kept == [one for _, one in made[: len(kept)]]
    text = signed.sign({"grants": kept}, key)
    assert signed.read(text, {key.key_id: key.public_hex})["grants"] == kept


@_AT_OFFICE
async def test_a_member_has_so_many_open_requests_at_a_department_and_ends_one_for_the_next(
    bureau: Bureau,
) -> None:
    office = _office(bureau)
    bureau.app.state.office = replace(office, requests=replace(office.requests, most_open=2))
    try:
        first = await _granted(bureau, OTHER)
        await bureau.take(OTHER, "requests", {**FREE, "legal_basis": ""})
        refused = await bureau.take(OTHER, "requests", FREE)
        assert (refused.status_code, refused.json()["reason"]) == (409, "too-many-open")
        await bureau.take(OTHER, f"requests/{first}/ended", {"reason": "done"})
        await _granted(bureau, OTHER)
    finally:
        bureau.app.state.office = office


@_AT_OFFICE
async def test_a_member_has_so_many_open_corrections_at_a_department(bureau: Bureau) -> None:
    office = _office(bureau)
    bureau.app.state.office = replace(office, corrections=replace(office.corrections, most_open=2))
    try:
        answers = [
            await bureau.take(OTHER, "corrections", {**FILING, "record": f"r{one}"}) for one in range(3)
        ]
        correction = answers[0].json()["correction_id"]
        assert [one.status_code for one in answers] == [201, 201, 409]
        assert answers[2].json()["reason"] == "too-many-open"
        upheld = await bureau.take(PROVIDER, f"corrections/{correction}/upheld", {"reason": "r"})
        assert upheld.status_code == 201, upheld.text
        assert (await bureau.take(OTHER, "corrections", {**FILING, "record": "r2"})).status_code == 201
    finally:
        bureau.app.state.office = office


@_AT_OFFICE
async def test_what_a_member_has_said_is_wrong_it_says_again_once_that_is_answered(bureau: Bureau) -> None:
    said = {**FILING, "record": "said-twice"}
    correction = (await bureau.take(REQUESTER, "corrections", said)).json()["correction_id"]
    again = await bureau.take(REQUESTER, "corrections", {**said, "reason": "又一次"})
    assert (again.status_code, again.json()["reason"]) == (409, "filed-already")
    for other in ({**said, "item": "name"}, {**said, "record": "another"}):
        assert (await bureau.take(REQUESTER, "corrections", other)).status_code == 201
    assert (await bureau.take(OTHER, "corrections", said)).status_code == 201
    await bureau.take(PROVIDER, f"corrections/{correction}/upheld", {"reason": "it is right"})
    assert (await bureau.take(REQUESTER, "corrections", said)).status_code == 201
