"""What is overdue is recorded once and told to whom it concerns; what is due soon is told in time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.departments.data_office.matters import REQUESTS, Record
from services.departments.data_office.office import Office
from services.departments.data_office.requests import RequestRules
from tests.clock import Clock
from tests.services.departments.data_office.conftest import (
    ASKED,
    FILING,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    elsewhere,
    known_calendars,
    make_settings,
    opened,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Late:
    """Two processes of one office, in whose civil time a request and a correction request are long overdue."""

    bureau: Bureau
    twin: Bureau
    request: str
    correction: str
    soon: str

    def office(self, bureau: Bureau) -> Office:
        office: Office = bureau.app.state.office
        return office


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def late(
    trust: Trust, seeded: Path, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Late]:
    folder = tmp_path_factory.mktemp("late")
    settings = make_settings(folder, trust, seeded).model_copy(
        update={"environment": "demo", "calendars_folder": known_calendars(folder)}
    )
    other = elsewhere(settings, folder / "twin")
    async with opened(settings, trust, clock) as bureau, opened(other, trust, clock) as twin:
        request = (await bureau.take(REQUESTER, "requests", ASKED)).json()["request_id"]
        correction = (await bureau.take(REQUESTER, "corrections", FILING)).json()["correction_id"]
        for one in (bureau, twin):
            one.app.state.office.clocks.ahead = timedelta(days=60)
        soon = (await bureau.take(OTHER, "requests", ASKED)).json()["request_id"]
        yield Late(bureau, twin, request, correction, soon)


async def _told(bureau: Bureau, member: str, within: object = 1) -> Any:
    async with bureau.client(member) as client:
        answer = await client.get(f"/office/deadlines?within={within}")
        assert answer.status_code == 200, answer.text
        return answer.json()


async def _kinds(bureau: Bureau, dataset: str, item: str, matter_id: str) -> list[str]:
    steps = await bureau.read(f"{dataset}?select=kind&{item}=eq.{matter_id}&order=number")
    return [one["kind"] for one in steps]


async def test_a_last_day_that_passed_is_one_step_however_many_processes_look(late: Late) -> None:
    looks = [late.office(one).look() for one in (late.bureau, late.twin) * 3]
    await asyncio.gather(*looks)
    assert await _kinds(late.bureau, "request_steps", "request_id", late.request) == [
        "applied",
        "answer-overdue",
    ]
    assert await _kinds(late.bureau, "correction_steps", "correction_id", late.correction) == [
        "filed",
        "answer-overdue",
    ]
    [step] = await late.bureau.read(
        f"request_steps?select=party,member,by_day&request_id=eq.{late.request}&kind=eq.answer-overdue"
    )
    [record] = await late.bureau.read(f"requests?select=due_on,state&request_id=eq.{late.request}")
    assert step == {"party": "bridge", "member": OFFICE, "by_day": record["due_on"]}
    assert record["state"] == "received", "it may still be answered"


async def test_a_process_that_begins_anew_records_nothing_again(
    late: Late, trust: Trust, clock: Clock, tmp_path: Path
) -> None:
    await late.office(late.bureau).look()
    node = late.bureau.app.plane.node  # type: ignore[attr-defined]
    async with opened(elsewhere(node.settings, tmp_path), trust, clock) as later:
        office: Office = later.app.state.office
        await office.move(timedelta(days=60))
        await office.look()
    assert len(await _kinds(late.bureau, "request_steps", "request_id", late.request)) == 2


async def test_the_office_is_told_all_and_others_what_concerns_them(late: Late) -> None:
    await late.office(late.bureau).look()
    mine = {late.request, late.correction, late.soon}
    everything = await _told(late.bureau, OFFICE, 20)
    assert {one["id"] for one in everything["deadlines"]} >= mine
    told = {one["id"]: one for one in everything["deadlines"]}
    assert told[late.request] == {
        "matter": "data_office.requests",
        "id": late.request,
        "dataset": ASKED["dataset"],
        "clock": "answer a request for conditional data",
        "article": 21,
        "stands": "overdue",
        "due_on": told[late.request]["due_on"],
        "pending_calendar": None,
        "members": [PROVIDER],
        "systems": [],
    }
    assert (told[late.soon]["stands"], told[late.correction]["article"]) == ("due", 26)
    asked = {member: await _told(late.bureau, member, 20) for member in (PROVIDER, REQUESTER, OTHER)}
    found = {member: {one["id"] for one in page["deadlines"]} & mine for member, page in asked.items()}
    assert found == {PROVIDER: mine, REQUESTER: {late.request, late.correction}, OTHER: {late.soon}}


async def test_what_is_due_later_is_not_told_yet(late: Late) -> None:
    within = {days: await _told(late.bureau, OFFICE, days) for days in (0, 20)}
    found = {days: {one["id"] for one in page["deadlines"]} for days, page in within.items()}
    assert late.soon not in found[0]
    assert late.soon in found[20]
    assert late.request in found[0]


@pytest.mark.parametrize("within", ["", "-1", "251", "many", "1e2"])
async def test_a_number_of_days_that_is_none_is_a_problem(late: Late, within: str) -> None:
    async with late.bureau.client(OFFICE) as client:
        answer = await client.get(f"/office/deadlines?within={within}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-value")


async def test_nobody_is_told_without_a_token_or_a_purpose(late: Late) -> None:
    async with late.bureau.client(OFFICE) as client:
        path = "/office/deadlines"
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 401
        del client.headers["Langqiao-Purpose"]
        assert (await client.get(path)).json()["code"] == "purpose-required"


async def test_each_kind_of_matter_that_is_told_of_is_in_the_access_log(late: Late) -> None:
    log = late.bureau.app.plane.node.log  # type: ignore[attr-defined]
    before = log.appender.head.number
    await _told(late.bureau, OFFICE)
    assert log.appender.head.number == before + 2


async def test_the_metrics_count_what_is_overdue(late: Late) -> None:
    await late.office(late.bureau).look()
    async with late.bureau.client(OFFICE) as client:
        page = (await client.get("/metrics")).text
    assert 'langqiao_office_deadlines{matter="requests",stands="overdue"} 1.0' in page
    assert 'langqiao_office_deadlines{matter="corrections",stands="overdue"} 1.0' in page
    assert 'langqiao_office_deadlines{matter="entries",stands="overdue"} 0.0' in page


async def test_one_matter_that_cannot_be_read_hides_no_other(
    late: Late, caplog: pytest.LogCaptureFixture
) -> None:
    office = late.office(late.bureau)
    one = await office.requests.desk.record(REQUESTS, late.request)
    broken = {**one, "request_id": "R-2026-900001", "dataset": "moon.phases"}
    desk = office.requests.desk
    seen = desk.clocks.ahead

    def rules(record: Record) -> RequestRules:
        contract = office.requests.contracts.contract(str(record["dataset"]))
        number = str(record["request_id"])
        return RequestRules(number, (contract,), PROVIDER, OFFICE, office.requests.calendar)

    desk.clocks.ahead = timedelta(days=300)
    fresh = (await late.bureau.take(REQUESTER, "requests", ASKED)).json()["request_id"]
    desk.clocks.ahead = timedelta(days=400)
    later = await desk.record(REQUESTS, fresh)
    await desk.go_on_each(REQUESTS, [broken, later], rules)
    desk.clocks.ahead = seen
    assert await _kinds(late.bureau, "request_steps", "request_id", fresh) == ["applied", "answer-overdue"]
    assert "R-2026-900001 could not be looked at: Problem" in caplog.text


async def test_more_time_that_a_provider_asks_for_is_listed_to_the_authority_until_it_is_granted(
    trust: Trust, seeded: Path, clock: Clock, tmp_path: Path
) -> None:
    settings = make_settings(tmp_path, trust, seeded)
    known = settings.model_copy(update={"calendars_folder": known_calendars(tmp_path)})
    async with opened(known, trust, clock) as bureau:
        ids = [(await bureau.take(REQUESTER, "requests", ASKED)).json()["request_id"] for _ in range(3)]
        for one, days in zip(ids[:2], (4, 6), strict=True):
            asked = {"working_days": days, "reason": "the archive moves", "second": "head-2"}
            await bureau.take(PROVIDER, f"requests/{one}/extension-asked", asked)
        told = (await _told(bureau, OFFICE, 0))["decisions"]
        assert [(one["id"], one["working_days"]) for one in told] == [(ids[0], 4), (ids[1], 6)]
        assert all((one["members"], one["stands"]) == ([OFFICE], "due") for one in told)
        assert [one["id"] for one in (await _told(bureau, PROVIDER, 0))["decisions"]] == ids[:2]
        assert (await _told(bureau, OTHER, 0))["decisions"] == []
        await bureau.take(OFFICE, f"requests/{ids[0]}/extended", {"working_days": 4})
        await bureau.take(PROVIDER, f"requests/{ids[1]}/agreed", {"second": "head-2"})
        assert (await _told(bureau, OFFICE, 0))["decisions"] == []
