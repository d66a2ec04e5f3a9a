"""The catalogue's life: drafted, approved by another person, submitted, returned or published, superseded, retired."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from services.departments.data_office.office import Office
from tests.services.departments.data_office.conftest import FREE, OFFICE, OTHER, PROVIDER, REQUESTER, Bureau

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DATASET = str(FREE["dataset"])
_OLD, _NEW = f"{PROVIDER}.legal_representatives:1.0.0", f"{PROVIDER}.legal_representatives:1.1.0"
_DRAFT = {"dataset": _DATASET, "version": "1.1.0"}


@pytest_asyncio.fixture(loop_scope="module")
async def bumped(bureau: Bureau) -> AsyncIterator[Office]:
    """The office after the contract's file went to version 1.1.0."""
    office: Office = bureau.app.state.office
    contracts = [replace(one, version="1.1.0") if one.dataset == _DATASET else one for one in load_all()]
    entries = replace(office.entries, contracts=Catalogue(contracts))
    bureau.app.state.office = changed = replace(office, entries=entries)
    yield changed
    bureau.app.state.office = office


async def _take(bureau: Bureau, member: str, step: str, officer: str = "officer-1", **body: Any) -> Any:
    return (await bureau.take(member, f"entries/{_NEW}/{step}", body, officer=officer)).json()


async def _state(bureau: Bureau, entry: str) -> Any:
    [record] = await bureau.read(f"entries?select=state&entry_id=eq.{entry}")
    return record["state"]


async def test_a_new_version_is_published_by_the_authority_and_supersedes_the_one_before(
    bureau: Bureau, bumped: Office
) -> None:
    assert (await bureau.take(REQUESTER, "entries", _DRAFT)).json()["reason"] == "wrong-party"
    drafted = (await bureau.take(PROVIDER, "entries", _DRAFT)).json()
    assert (drafted["entry_id"], drafted["state"]) == (_NEW, "draft")
    assert (await _take(bureau, PROVIDER, "approved"))["reason"] == "two-people"
    assert (await _take(bureau, PROVIDER, "submitted"))["reason"] == "wrong-state"
    assert (await _take(bureau, PROVIDER, "approved", "head-2"))["state"] == "approved by the head"
    submitted = await _take(bureau, PROVIDER, "submitted")
    assert submitted["clock"] == "review and publish a catalogue entry"
    assert submitted["due_on"] or submitted["pending_calendar"]
    assert (await _take(bureau, PROVIDER, "published"))["reason"] == "wrong-party"
    assert (await _take(bureau, OFFICE, "returned"))["reason"] == "says-too-little"
    assert (await _take(bureau, OFFICE, "returned", gaps=["name the legal basis"]))["state"] == "draft"
    await bureau.take(PROVIDER, "entries", _DRAFT)
    await _take(bureau, PROVIDER, "approved", "head-2")
    await _take(bureau, PROVIDER, "submitted")
    assert await _state(bureau, _OLD) == "published"
    assert (await _take(bureau, OFFICE, "published"))["state"] == "published"
    assert await _state(bureau, _OLD) == "superseded"


async def test_a_major_is_retired_with_notice_a_day_and_its_users_and_ends_on_that_day(
    bureau: Bureau, bumped: Office
) -> None:
    assert await _state(bureau, _NEW) == "published"
    await bureau.take(REQUESTER, "requests", FREE)
    today = bumped.clocks.today()
    soon = await _take(bureau, OFFICE, "retirement-noticed", ends=str(today + timedelta(days=89)), reason="x")
    assert soon["reason"] == "too-soon"
    day = today + timedelta(days=90)
    noticed = await _take(bureau, OFFICE, "retirement-noticed", ends=str(day), reason="a new major")
    assert (noticed["state"], noticed["ends_on"], noticed["users"]) == ("retiring", str(day), REQUESTER)
    assert (await bureau.take(REQUESTER, "requests", FREE)).status_code == 201, (
        "until then it can be asked for"
    )
    bumped.clocks.ahead = timedelta(days=89)
    await bumped.look()
    assert await _state(bureau, _NEW) == "retiring"
    for member, expected in ((OTHER, {REQUESTER, OTHER}), (None, {REQUESTER})):
        if member is not None:
            request_id = (await bureau.take(member, "requests", FREE)).json()["request_id"]
        else:
            await bureau.take(OTHER, f"requests/{request_id}/ended", {"reason": "done"})
        await bumped.look()
        [record] = await bureau.read(f"entries?select=users,state&entry_id=eq.{_NEW}")
        assert set(record["users"].split(",")) == expected
    bumped.clocks.ahead = timedelta(days=91)
    await bumped.look()
    assert await _state(bureau, _NEW) == "retired"
    refused = await bureau.take(REQUESTER, "requests", {**FREE, "until": "2046-12-31"})
    assert refused.json()["reason"] == "not-published"
    bumped.clocks.ahead = timedelta()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"version": "9.0.0"}, "unknown-version"),
        ({"version": "1.7.0"}, "unknown-version"),
        ({"version": "two"}, "unknown-version"),
        ({"dataset": "moon.phases"}, "unknown-dataset"),
        ({"version": "1.0.0", "provider": "330200.taxation"}, "bad-body"),
        ({"version": "1.0.0"}, "step-refused"),
    ],
)
async def test_only_a_contract_that_the_office_has_is_drafted_and_none_that_was_published(
    bureau: Bureau, changed: dict[str, Any], code: str
) -> None:
    answer = await bureau.take(PROVIDER, "entries", {**_DRAFT, **changed})
    assert answer.json()["code"] == code
