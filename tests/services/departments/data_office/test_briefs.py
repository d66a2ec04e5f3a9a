"""What departments are told of each other's grants: so much that no name is unknown, and nothing of what was given."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import orjson
import pytest
import pytest_asyncio

from schemas.query.bound import BoundQuery
from schemas.trust import elsewhere, keys, signed
from schemas.trust.elsewhere import Brief
from schemas.trust.grants import Grants
from schemas.wire.problem import Problem
from services.departments.data_office import briefs, granted
from services.departments.data_office.briefs import in_brief
from services.departments.data_office.granted import Unlisted, fitting
from services.departments.data_office.granting import Granting, Issued
from services.departments.data_office.matters import REQUESTS, Record
from services.departments.data_office.office import Office
from services.engine.beside import beside
from services.engine.source.port import Page, RecordSource, SourceAway
from tests.clock import Clock
from tests.services.departments.data_office.conftest import (
    ASKED,
    FREE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
)
from tests.waiting import until

_AT_OFFICE = pytest.mark.asyncio(loop_scope="module")
_SUSPENDED = {"second": "head-2", "reason": "beyond its purpose", "mend_by": "2036-05-01"}
_LAW = "监察法 第十八条"


async def _agreed(bureau: Bureau, **asked: Any) -> str:
    request_id = str((await bureau.take(REQUESTER, "requests", {**ASKED, **asked})).json()["request_id"])
    for step, body in (("agreed", {"second": "head-2"}), ("delivered", {})):
        assert (await bureau.take(PROVIDER, f"requests/{request_id}/{step}", body)).status_code == 201
    return request_id


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _looking_often(bureau: Bureau) -> None:
    _office(bureau).granting.briefs.pause = 0.02


def _office(bureau: Bureau) -> Office:
    office: Office = bureau.app.state.office
    return office


async def _seen(bureau: Bureau, clock: Clock, seen: Callable[[Grants], bool]) -> Grants:
    """What another department is told, once that is seen in it: the office looks at all requests beside its calls."""

    told: list[Grants] = []

    async def is_seen() -> bool:
        clock.now += timedelta(seconds=1)
        told.append(await bureau.grants(OTHER))
        return seen(told[-1])

    await until(is_seen)
    return told[-1]


async def _told(bureau: Bureau, clock: Clock, grant_id: str) -> Brief:
    found = await _seen(bureau, clock, lambda told: grant_id in (told.elsewhere or {}))
    assert found.elsewhere is not None
    [brief] = found.elsewhere[grant_id]
    return brief


@_AT_OFFICE
async def test_every_department_is_told_of_a_grant_that_another_gave_and_of_nothing_that_it_gives(
    bureau: Bureau, clock: Clock
) -> None:
    request_id = await _agreed(bureau, untold=_LAW)
    own = (await bureau.grants(PROVIDER)).by_id[request_id]
    brief = await _told(bureau, clock, request_id)
    assert brief == Brief(request_id, REQUESTER, own.not_before, own.expires, _LAW)
    async with bureau.client(OTHER) as client:
        document = signed.unchecked((await client.get(f"/office/grants/{OTHER}")).text)
    assert document["grants"] == []
    [said] = [one for one in document["elsewhere"] if one["id"] == request_id]
    assert said.keys() == {"id", "member", "not_before", "expires", "untold"}
    assert ASKED["purpose"] not in orjson.dumps(document).decode()


@_AT_OFFICE
async def test_days_after_which_persons_are_told_are_told_to_all(bureau: Bureau, clock: Clock) -> None:
    brief = await _told(bureau, clock, await _agreed(bureau, told_after_days=90))
    assert (brief.untold, brief.told_after_days) == (None, 90)


@_AT_OFFICE
async def test_who_may_use_a_grant_for_another_is_told_to_all(bureau: Bureau, clock: Clock) -> None:
    delegate = "330200.credit/desk"
    brief = await _told(bureau, clock, await _agreed(bureau, delegates=[delegate]))
    assert brief.delegates == (delegate,)


@_AT_OFFICE
async def test_what_is_suspended_is_a_name_of_nothing_at_every_department(
    bureau: Bureau, clock: Clock
) -> None:
    request_id = await _agreed(bureau)
    await _told(bureau, clock, request_id)
    assert (await bureau.take(PROVIDER, f"requests/{request_id}/suspended", _SUSPENDED)).status_code == 201
    await _seen(bureau, clock, lambda told: request_id not in (told.elsewhere or {}))
    again = {"second": "head-2", "reason": "mended"}
    assert (await bureau.take(PROVIDER, f"requests/{request_id}/resumed", again)).status_code == 201
    assert await _told(bureau, clock, request_id)


@_AT_OFFICE
async def test_what_has_no_room_is_told_of_by_its_number(bureau: Bureau, clock: Clock) -> None:
    asked = await _agreed(bureau)
    for _ in range(2):
        await bureau.take(REQUESTER, "requests", FREE)
    its = _office(bureau).granting.briefs
    before, its.room = its.room, 0
    try:
        [left_out] = (await _seen(bureau, clock, lambda told: told.elsewhere == {})).left_out
        assert (left_out.reason, left_out.count >= 3) == ("no-room-elsewhere", True)
        assert asked in (await bureau.grants(PROVIDER)).by_id, (
            "what a department gave it is told all the same"
        )
    finally:
        its.room = before
    assert (await _seen(bureau, clock, lambda told: bool(told.elsewhere))).left_out == ()


class _Looked:
    """A store of requests in which it is counted how often all in force are looked at, and can be held up."""

    def __init__(self, source: RecordSource) -> None:
        self._source = source
        self.looks = 0
        self.away = False
        self.open = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def page(self, query: BoundQuery, **where: Any) -> Page:
        if query.contract.dataset == REQUESTS.records and len(query.where) == 1:
            self.looks += 1
            await self.open.wait()
            if self.away:
                raise SourceAway("away")
        return await self._source.page(query, **where)


@asynccontextmanager
async def _granting(bureau: Bureau) -> AsyncIterator[tuple[Granting, _Looked]]:
    """The same office's grants, looked at through such a store."""
    its = _office(bureau).granting
    desk = its.requests.desk
    looked = _Looked(desk.books.source)
    books = replace(desk.books, source=cast(RecordSource, looked))
    granting = Granting(replace(its.requests, desk=replace(desk, books=books)), its.corrections, its.key)
    granting.briefs.pause = 0
    async with beside(granting.briefs.run()):
        yield granting, looked


@_AT_OFFICE
async def test_many_departments_ask_at_once_and_the_requests_are_looked_at_once(bureau: Bureau) -> None:
    async with _granting(bureau) as (granting, looked):
        granting.briefs.pause = 3_600
        asked = [asyncio.create_task(granting.document(f"330200.d{one}")) for one in range(40)]
        await until(lambda: looked.looks == 1)
        looked.open.set()
        await asyncio.gather(*asked)
        granting.requests.desk.kept += 1
        await asyncio.gather(*(granting.document(f"330200.d{one}") for one in range(40)))
        assert looked.looks == 1, "neither who asks nor a step makes another look"


@_AT_OFFICE
@pytest.mark.parametrize("away", [True, False], ids=["fails", "takes long"])
async def test_a_look_that_fails_or_takes_long_holds_up_no_suspension(
    bureau: Bureau, caplog: pytest.LogCaptureFixture, away: bool
) -> None:
    request_id = await _agreed(bureau)
    async with _granting(bureau) as (granting, looked):
        looked.open.set()
        assert _listed(await granting.document(PROVIDER), request_id) == (True, True)
        looked.away = away
        if not away:
            looked.open.clear()
        before = looked.looks
        await until(lambda: looked.looks > before)
        assert (
            await bureau.take(PROVIDER, f"requests/{request_id}/suspended", _SUSPENDED)
        ).status_code == 201
        granting.requests.desk.kept += 1
        assert _listed(await granting.document(PROVIDER), request_id) == (False, True), (
            "the last ones are told"
        )
        looked.away = False
        looked.open.set()

        async def forgotten() -> bool:
            granting.requests.desk.kept += 1
            return _listed(await granting.document(PROVIDER), request_id) == (False, False)

        await until(forgotten)
    assert ("grants in brief could not be made: SourceAway" in caplog.messages) == away


def _listed(issued: Issued, request_id: str) -> tuple[bool, bool]:
    """Whether a document lists a grant as its department's, and in brief."""
    document = signed.unchecked(issued.text)
    first, second = ([one["id"] for one in document[member]] for member in ("grants", elsewhere.MEMBER))
    return request_id in first, request_id in second


@_AT_OFFICE
async def test_nothing_is_told_before_the_requests_could_be_looked_at(bureau: Bureau) -> None:
    async with _granting(bureau) as (granting, looked):
        looked.away = True
        looked.open.set()
        with pytest.raises(Problem, match="not-ready"):
            await granting.document(OTHER)
        looked.away = False
        before = looked.looks
        await until(lambda: looked.looks > before + 1)
        assert _listed(await granting.document(OTHER), "none") == (False, False)


_DELIVERED = datetime(2026, 5, 4, tzinfo=UTC)


def _request(request_id: str, **said: Any) -> Record:
    nothing = dict.fromkeys(
        ("quota_per_day", "calls_per_second", "delegates", "case_required", "untold", "told_after_days")
    )
    its = {REQUESTS.id_item: request_id, "grant_id": request_id, "requester": REQUESTER}
    return {**nothing, **its, "delivered_at": _DELIVERED, "until": date(2036, 1, 1), **said}


def test_nothing_pushes_out_what_hides_or_what_was_there_first() -> None:
    requests = [
        _request("R-4"),
        _request("R-3", untold=_LAW),
        _request("R-2"),
        _request("R-1", told_after_days=3),
    ]
    whole = in_brief(requests, 10_000)
    assert [one["id"] for one in whole.listed] == ["R-1", "R-3", "R-2", "R-4"]
    room = sum(len(orjson.dumps(one)) + 1 for one in whole.listed[:3])
    some = in_brief(requests, room)
    assert (some.listed, some.left_out) == (whole.listed[:3], ("R-4",))


def test_departments_that_gave_theirs_under_one_id_and_requests_that_make_no_grant() -> None:
    requests = [
        _request("R-1", grant_id="G-1"),
        _request("R-2", grant_id="G-1"),
        _request("R-3", grant_id="G-1", untold=_LAW),
        _request("R-4", until=date.max),
        _request("R-5", grant_id=None),
    ]
    told = in_brief(requests, 10_000)
    assert [one.get("untold") for one in told.listed] == [_LAW, None]
    read = elsewhere.read({elsewhere.MEMBER: list(told.listed)})
    assert read is not None
    assert [one.untold for one in read["G-1"]] == [_LAW, None]


def test_a_document_that_has_no_room_left_for_anything_is_one_that_a_node_reads() -> None:
    grant = {"id": "", "purpose": "桥" * 30_000}
    made = [(str(one), {**grant, "id": str(one)}) for one in range(190)]
    long = [_request(f"R-{one:05}", requester="m" * 1_000) for one in range(2_500)]
    told = in_brief(long, briefs.ROOM)
    assert told.left_out
    document = {"grants": fitting(made, granted.ROOM, Unlisted()), elsewhere.MEMBER: list(told.listed)}
    key = keys.new_key()
    assert signed.read(signed.sign(document, key), {key.key_id: key.public_hex}) == document
