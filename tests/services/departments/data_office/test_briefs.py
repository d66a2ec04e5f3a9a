"""What departments are told of each other's grants: so much that no name is unknown, and nothing of what was given."""

from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest

from schemas.trust import elsewhere, keys, signed
from schemas.trust.elsewhere import Brief
from services.departments.data_office import briefs, granted
from services.departments.data_office.briefs import in_brief
from services.departments.data_office.granted import Unlisted, fitting
from services.departments.data_office.matters import REQUESTS, Record
from services.departments.data_office.office import Office
from tests.services.departments.data_office.conftest import (
    ASKED,
    FREE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
)

_AT_OFFICE = pytest.mark.asyncio(loop_scope="module")
_SUSPENDED = {"second": "head-2", "reason": "beyond its purpose", "mend_by": "2036-05-01"}
_LAW = "监察法 第十八条"


async def _agreed(bureau: Bureau, **asked: Any) -> str:
    request_id = str((await bureau.take(REQUESTER, "requests", {**ASKED, **asked})).json()["request_id"])
    for step, body in (("agreed", {"second": "head-2"}), ("delivered", {})):
        assert (await bureau.take(PROVIDER, f"requests/{request_id}/{step}", body)).status_code == 201
    return request_id


async def _told(bureau: Bureau, department: str, grant_id: str) -> tuple[Brief, ...]:
    told = (await bureau.grants(department)).elsewhere
    assert told is not None
    return told.get(grant_id, ())


@_AT_OFFICE
async def test_every_department_is_told_of_a_grant_that_another_gave_and_of_nothing_that_it_gives(
    bureau: Bureau,
) -> None:
    request_id = await _agreed(bureau, untold=_LAW)
    own = (await bureau.grants(PROVIDER)).by_id[request_id]
    [brief] = await _told(bureau, OTHER, request_id)
    assert brief == Brief(request_id, REQUESTER, own.not_before, own.expires, _LAW)
    async with bureau.client(OTHER) as client:
        document = signed.unchecked((await client.get(f"/office/grants/{OTHER}")).text)
    assert document["grants"] == []
    [said] = [one for one in document["elsewhere"] if one["id"] == request_id]
    assert said.keys() == {"id", "member", "not_before", "expires", "untold"}
    assert ASKED["purpose"] not in orjson.dumps(document).decode()


@_AT_OFFICE
async def test_days_after_which_persons_are_told_are_told_to_all(bureau: Bureau) -> None:
    request_id = await _agreed(bureau, told_after_days=90)
    [brief] = await _told(bureau, OTHER, request_id)
    assert (brief.untold, brief.told_after_days) == (None, 90)


@_AT_OFFICE
async def test_what_is_suspended_is_a_name_of_nothing_at_every_department(bureau: Bureau) -> None:
    request_id = await _agreed(bureau)
    assert await _told(bureau, OTHER, request_id)
    assert (await bureau.take(PROVIDER, f"requests/{request_id}/suspended", _SUSPENDED)).status_code == 201
    assert not await _told(bureau, OTHER, request_id)
    again = {"second": "head-2", "reason": "mended"}
    assert (await bureau.take(PROVIDER, f"requests/{request_id}/resumed", again)).status_code == 201
    assert await _told(bureau, OTHER, request_id)


@_AT_OFFICE
async def test_what_has_no_room_is_told_of_by_its_number(bureau: Bureau) -> None:
    asked, free = await _agreed(bureau), (await bureau.take(REQUESTER, "requests", FREE)).json()["request_id"]
    office: Office = bureau.app.state.office
    its = office.granting._briefs
    before, its.room, its._last = its.room, 0, None
    try:
        await bureau.take(REQUESTER, "requests", FREE)
        told = await bureau.grants(OTHER)
        assert told.elsewhere == {}
        [left_out] = told.left_out
        assert (left_out.reason, left_out.count >= 3) == ("no-room-elsewhere", True)
        assert asked in (await bureau.grants(PROVIDER)).by_id, (
            "what a department gave is told to it all the same"
        )
    finally:
        its.room, its._last = before, None
    await bureau.take(REQUESTER, f"requests/{free}/ended", {"reason": "done"})
    assert (await bureau.grants(OTHER)).left_out == ()


_DELIVERED = datetime(2026, 5, 4, tzinfo=UTC)


def _request(request_id: str, **said: Any) -> Record:
    nothing = dict.fromkeys(
        ("quota_per_day", "calls_per_second", "delegates", "case_required", "untold", "told_after_days")
    )
    its = {REQUESTS.id_item: request_id, "grant_id": request_id, "requester": REQUESTER}
    return {**nothing, **its, "delivered_at": _DELIVERED, "until": date(2036, 1, 1), **said}


def test_what_a_member_gets_by_itself_pushes_out_nothing_that_was_agreed_to_and_nothing_that_hides() -> None:
    requests = [
        _request("R-4"),
        _request("R-3", untold=_LAW),
        _request("R-2"),
        _request("R-1", told_after_days=3),
    ]
    whole = in_brief(requests, {"R-1", "R-2"}, 10_000)
    assert [one["id"] for one in whole.listed] == ["R-1", "R-2", "R-3", "R-4"]
    room = sum(len(orjson.dumps(one)) + 1 for one in whole.listed[:3])
    some = in_brief(requests, {"R-1", "R-2"}, room)
    assert (some.listed, some.left_out) == (whole.listed[:3], ("R-4",))


def test_departments_that_gave_theirs_under_one_id_and_requests_that_make_no_grant() -> None:
    requests = [
        _request("R-1", grant_id="G-1"),
        _request("R-2", grant_id="G-1"),
        _request("R-3", grant_id="G-1", untold=_LAW),
        _request("R-4", until=date.max),
        _request("R-5", grant_id=None),
    ]
    told = in_brief(requests, (), 10_000)
    assert [one.get("untold") for one in told.listed] == [_LAW, None]
    read = elsewhere.read({elsewhere.MEMBER: list(told.listed)})
    assert read is not None
    assert [one.untold for one in read["G-1"]] == [_LAW, None]


def test_a_document_that_has_no_room_left_for_anything_is_one_that_a_node_reads() -> None:
    grant = {"id": "", "purpose": "桥" * 30_000}
    made = [(str(one), {**grant, "id": str(one)}) for one in range(190)]
    long = [_request(f"R-{one:05}", requester="m" * 1_000) for one in range(2_500)]
    told = in_brief(long, (), briefs.ROOM)
    assert told.left_out
    document = {"grants": fitting(made, granted.ROOM, Unlisted()), elsewhere.MEMBER: list(told.listed)}
    key = keys.new_key()
    assert signed.read(signed.sign(document, key), {key.key_id: key.public_hex}) == document
