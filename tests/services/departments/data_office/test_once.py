"""A call that comes again under its idempotency key leaves one matter and one step, and is answered as before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.departments.data_office.office import Office
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.departments.data_office.conftest import (
    ASKED,
    FILING,
    FREE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    elsewhere,
    opened,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twin(
    bureau: Bureau,
    settings: Settings,
    trust: Trust,
    clock: Clock,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Bureau]:
    """A second process of the same office: the same database, and an access log of its own."""
    async with opened(elsewhere(settings, tmp_path_factory.mktemp("twin")), trust, clock) as running:
        yield running


async def _numbers(bureau: Bureau) -> set[str]:
    return {one["request_id"] for one in await bureau.read("requests?select=request_id")}


@pytest.mark.parametrize("form", [FREE, ASKED, {**ASKED, "purpose": ""}], ids=["free", "asked", "poor"])
async def test_an_application_that_comes_again_opens_one_request_and_is_answered_alike(
    bureau: Bureau, twin: Bureau, form: dict[str, Any]
) -> None:
    before, key = await _numbers(bureau), f"again-{form['items']}-{form['purpose']}".encode().hex()
    first = await bureau.take(REQUESTER, "requests", form, key)
    again = [await one.take(REQUESTER, "requests", form, key) for one in (bureau, twin)]
    assert first.status_code == 201
    assert [(one.status_code, one.json()) for one in again] == [(201, first.json())] * 2
    assert await _numbers(bureau) == before | {first.json()["request_id"]}


async def test_it_is_answered_as_it_was_whatever_came_later(bureau: Bureau, twin: Bureau) -> None:
    first = (await bureau.take(REQUESTER, "requests", ASKED, "later")).json()
    path = f"requests/{first['request_id']}"
    agreed = (await bureau.take(PROVIDER, f"{path}/agreed", {"second": "head-2"}, "agree")).json()
    await bureau.take(PROVIDER, f"{path}/delivered")
    assert (await twin.take(REQUESTER, "requests", ASKED, "later")).json() == first
    assert (await twin.take(PROVIDER, f"{path}/agreed", {"second": "head-2"}, "agree")).json() == agreed
    assert agreed["state"] == "agreed"
    [record] = await bureau.read(f"requests?request_id=eq.{first['request_id']}")
    assert (record["state"], record["steps"]) == ("in force", 3)


async def test_calls_at_the_same_moment_in_two_processes_open_one_request(
    bureau: Bureau, twin: Bureau
) -> None:
    before = await _numbers(bureau)
    calls = [one.take(REQUESTER, "requests", FREE, "storm") for one in (bureau, twin) * 3]
    told = [one.json() for one in await asyncio.gather(*calls)]
    assert all(one == told[0] for one in told)
    assert await _numbers(bureau) == before | {told[0]["request_id"]}


async def test_calls_without_a_key_in_two_processes_each_open_their_own(bureau: Bureau, twin: Bureau) -> None:
    before = await _numbers(bureau)
    calls = [one.take(REQUESTER, "requests", FREE) for one in (bureau, twin) * 2]
    answers = await asyncio.gather(*calls)
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["request_id"] for one in answers}) == 4
    assert len(await _numbers(bureau)) == len(before) + 4


async def test_of_one_step_twice_at_once_both_are_answered_and_one_is_taken(
    bureau: Bureau, twin: Bureau
) -> None:
    told = (await bureau.take(REQUESTER, "requests", ASKED)).json()
    path = f"requests/{told['request_id']}/agreed"
    calls = [one.take(PROVIDER, path, {"second": "head-2"}, "agreed-once") for one in (bureau, twin)]
    first, second = await asyncio.gather(*calls)
    assert (first.status_code, first.json()) == (201, second.json())
    kinds = await bureau.read(f"request_steps?select=kind&request_id=eq.{told['request_id']}&order=number")
    assert [one["kind"] for one in kinds] == ["applied", "agreed"]


@pytest.mark.parametrize(
    ("form", "who"),
    [({**FREE, "scenario": "another"}, {}), (FREE, {"officer": "officer-9"})],
    ids=["another body", "another officer"],
)
async def test_a_key_is_good_for_one_call_alone(
    bureau: Bureau, form: dict[str, Any], who: dict[str, str]
) -> None:
    first = await bureau.take(REQUESTER, "requests", FREE, f"one-{len(who)}")
    before = await _numbers(bureau)
    other = await bureau.take(REQUESTER, "requests", form, f"one-{len(who)}", **who)
    assert first.status_code == 201
    assert (other.status_code, other.json()["code"]) == (409, "key-reused")
    assert await _numbers(bureau) == before


async def test_a_key_is_its_systems_own(bureau: Bureau) -> None:
    mine = (await bureau.take(REQUESTER, "requests", FREE, "shared")).json()
    others = (await bureau.take(OTHER, "requests", FREE, "shared")).json()
    assert mine["request_id"] != others["request_id"]


async def test_a_refused_call_leaves_its_key_free(bureau: Bureau) -> None:
    request_id = (await bureau.take(REQUESTER, "requests", ASKED)).json()["request_id"]
    path = f"requests/{request_id}/agreed"
    assert (await bureau.take(PROVIDER, path, {"second": ""}, "mended")).status_code == 409
    assert (await bureau.take(PROVIDER, path, {"second": "head-2"}, "mended")).status_code == 201


async def test_a_key_of_more_than_200_characters_is_refused(bureau: Bureau) -> None:
    answer = await bureau.take(REQUESTER, "requests", FREE, "k" * 201)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-body")


async def test_a_correction_request_comes_once_too(bureau: Bureau, twin: Bureau) -> None:
    filed = [await one.take(REQUESTER, "corrections", FILING, "file") for one in (bureau, twin)]
    assert filed[0].status_code == 201
    assert filed[0].json() == filed[1].json()
    other = await twin.take(REQUESTER, "corrections", {**FILING, "reason": "别处"}, "file")
    assert other.json()["code"] == "key-reused"


async def test_the_answer_outlives_the_process(
    bureau: Bureau, settings: Settings, trust: Trust, clock: Clock, tmp_path: Path
) -> None:
    first = (await bureau.take(REQUESTER, "requests", FREE, "outlives")).json()
    async with opened(elsewhere(settings, tmp_path), trust, clock) as later:
        office: Office = later.app.state.office
        assert office.requests.desk.kept == 0
        assert (await later.take(REQUESTER, "requests", FREE, "outlives")).json() == first
