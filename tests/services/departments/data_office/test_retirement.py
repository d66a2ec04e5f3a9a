"""The end of a major at its office: what the department is told of it, and who still uses it, as both see it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.trust.retiring import Retirement
from schemas.trust.uses import Uses
from services.departments.data_office.clocks import Clocks
from services.departments.data_office.desk import Desk
from services.departments.data_office.office import Office
from tests.clock import Clock
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
from tests.services.departments.data_office.shown import Shown, log

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DATASET = str(FREE["dataset"])
_ENTRY, _NEXT = f"{PROVIDER}.legal_representatives:1.0.0", f"{PROVIDER}.legal_representatives:1.1.0"
_USERS = f"/office/entries/{_ENTRY}/users"
_NINETY = timedelta(days=90)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def retiring(
    trust: Trust, seeded: Path, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bureau]:
    """An office that has told the users of a major, one of which holds a grant, when it ends."""
    settings = make_settings(tmp_path_factory.mktemp("retiring"), trust, seeded)
    settings = settings.model_copy(update={"environment": "demo"})
    async with opened(settings, trust, clock) as bureau:
        assert (await bureau.take(REQUESTER, "requests", FREE)).status_code == 201
        said = {"ends": str(_day(bureau)), "reason": "a new major"}
        noticed = await bureau.take(OFFICE, f"entries/{_ENTRY}/retirement-noticed", said)
        assert noticed.status_code == 201, noticed.text
        yield bureau


def _office(bureau: Bureau) -> Office:
    office: Office = bureau.app.state.office
    return office


def _day(bureau: Bureau) -> date:
    return _office(bureau).clocks.today() + _NINETY


async def _ending(bureau: Bureau) -> Retirement:
    return (await bureau.grants(PROVIDER)).retiring[_DATASET, 1]


async def _tell(bureau: Bureau, member: str = PROVIDER, major: int = 1, **used: date) -> int:
    body = Uses(_DATASET, major, {name.replace("_", "."): day for name, day in used.items()}).body()
    async with bureau.client(member) as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post(f"/office/uses/{PROVIDER}", content=body, headers=headers)
    return answer.status_code


async def _listed(bureau: Bureau, member: str = OFFICE) -> Any:
    async with bureau.client(member) as client:
        return (await client.get(_USERS)).json()


async def _recounted(bureau: Bureau) -> int:
    found = await bureau.read(f"entry_steps?select=kind&entry_id=eq.{_ENTRY}&kind=eq.users-recounted")
    return len(found)


async def test_the_department_is_told_which_major_ends_and_when_and_no_other_department_is(
    retiring: Bureau, clock: Clock
) -> None:
    told = await _ending(retiring)
    assert (told.ends, told.over, told.provider) == (_day(retiring), False, PROVIDER)
    assert timedelta(0) <= clock() - told.noticed < timedelta(minutes=1)
    assert (await retiring.grants(OTHER)).retiring == {}


async def test_what_is_said_to_be_wrong_is_looked_for_in_a_major_that_goes_on(
    retiring: Bureau, clock: Clock
) -> None:
    """For the topics of one that has ended tell of no correction any more."""
    office = _office(retiring)
    dataset = "market_regulation.licences"
    said = {**FILING, "dataset": dataset, "item": "licence_no"}
    correction = (await retiring.take(REQUESTER, "corrections", said)).json()["correction_id"]
    noticed = {"ends": str(_day(retiring)), "reason": "a new major"}
    entry = f"{PROVIDER}.licences:1.0.0"
    assert (await retiring.take(OFFICE, f"entries/{entry}/retirement-noticed", noticed)).status_code == 201
    [record] = [one for one in await office.corrections.open() if one["correction_id"] == correction]
    for later, major in ((timedelta(0), 1), (_NINETY, 2)):
        shown, clocks = Shown(log=log()), Clocks(partial(clock().__add__, later), False)
        desk = replace(office.corrections, desk=Desk(office.corrections.desk.books, clocks))
        await desk.read(shown, record)
        assert shown.asked is not None
        assert shown.asked.contract.major == major


async def test_who_may_use_it_is_listed_and_nobody_is_said_to_have_done_so_before_the_department_tells(
    retiring: Bureau,
) -> None:
    listed = await _listed(retiring)
    assert (listed["dataset"], listed["ends_on"], listed["told_on"]) == (_DATASET, str(_day(retiring)), None)
    [one] = listed["users"]
    assert (one["member"], one["last_used_on"]) == (REQUESTER, None)
    assert FREE["until"] in [grant["until"] for grant in one["grants"]]


async def test_who_did_use_it_is_listed_with_its_last_day_whether_it_holds_a_grant_or_not(
    retiring: Bureau,
) -> None:
    today = _office(retiring).clocks.today()
    used = {"330200.approvals": today, OTHER: today - timedelta(days=40), "": today}
    body = Uses(_DATASET, 1, used).body()
    async with retiring.client(PROVIDER) as client:
        for _ in range(2):
            answer = await client.post(f"/office/uses/{PROVIDER}", content=body)
            assert answer.status_code == 204, answer.text
    listed = await _listed(retiring)
    assert listed["told_on"] == str(today)
    assert [(one["member"], one["last_used_on"]) for one in listed["users"]] == [
        (REQUESTER, str(today)),
        (OTHER, str(today - timedelta(days=40))),
        (None, str(today)),
    ]
    [record] = await retiring.read(f"entries?select=users&entry_id=eq.{_ENTRY}")
    assert set(record["users"].split(",")) == {REQUESTER, OTHER}
    await _office(retiring).look()
    assert await _recounted(retiring) == 1, "what is told again, or looked at, is no news"


async def test_a_grant_that_ends_leaves_whoever_uses_it_on_the_list(retiring: Bureau) -> None:
    for grant in (await _listed(retiring))["users"][0]["grants"]:
        await retiring.take(REQUESTER, f"requests/{grant['request_id']}/ended", {"reason": "done"})
    await _office(retiring).look()
    listed = await _listed(retiring)
    assert [(one["member"], one["grants"]) for one in listed["users"]][:1] == [(REQUESTER, [])]
    assert listed["users"][0]["last_used_on"] is not None


async def test_of_what_does_not_retire_nothing_is_kept_and_another_department_tells_nothing(
    retiring: Bureau,
) -> None:
    before = await _recounted(retiring)
    today = _office(retiring).clocks.today()
    assert await _tell(retiring, major=2, a=today) == 204
    assert await _tell(retiring, member=OTHER, a=today) == 404
    async with retiring.client(PROVIDER) as client:
        del client.headers["Authorization"]
        assert (await client.post(f"/office/uses/{PROVIDER}", content=b"{}")).status_code == 401
    assert await _recounted(retiring) == before


async def test_the_list_is_shown_to_the_authority_and_the_department_alone_and_that_is_entered(
    retiring: Bureau,
) -> None:
    log = retiring.app.plane.node.log  # type: ignore[attr-defined]
    before = log.appender.head.number
    assert (await _listed(retiring, PROVIDER))["users"]
    assert log.appender.head.number == before + 1
    assert (await _listed(retiring, OTHER))["code"] == "unknown-record"


async def test_what_is_published_of_a_major_that_ends_ends_with_it(retiring: Bureau) -> None:
    office = _office(retiring)
    contracts = [replace(one, version="1.1.0") if one.dataset == _DATASET else one for one in load_all()]
    retiring.app.state.office = replace(
        office, entries=replace(office.entries, contracts=Catalogue(contracts))
    )
    await retiring.take(PROVIDER, "entries", {"dataset": _DATASET, "version": "1.1.0"})
    for member, step, officer in (
        (PROVIDER, "approved", "head-2"),
        (PROVIDER, "submitted", "officer-1"),
        (OFFICE, "published", "officer-1"),
    ):
        answer = await retiring.take(member, f"entries/{_NEXT}/{step}", {}, officer=officer)
        assert answer.status_code == 201, answer.text
    rows = await retiring.read(f"entries?select=version,state,ends_on&entry_id=in.({_ENTRY},{_NEXT})")
    found = {row["version"]: (row["state"], row["ends_on"]) for row in rows}
    ends = str(_day(retiring))
    assert found == {"1.0.0": ("superseded", ends), "1.1.0": ("retiring", ends)}
    assert (await _ending(retiring)).ends == _day(retiring)


async def test_what_its_office_has_closed_is_told_as_over_and_grants_on_it_are_told_no_more(
    retiring: Bureau,
) -> None:
    granted = (await retiring.take(OTHER, "requests", FREE)).json()
    assert granted["state"] == "in force"
    assert granted["request_id"] in (await retiring.grants(PROVIDER)).by_id
    await _office(retiring).move(_NINETY)
    assert (await _ending(retiring)).over
    told = await retiring.grants(PROVIDER)
    assert granted["request_id"] not in told.by_id
    assert told.left_out == (), "what nobody can use any more is nothing to repair"
    assert datetime.now(UTC) - (await _ending(retiring)).noticed < timedelta(hours=1)
