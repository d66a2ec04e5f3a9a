"""What departments are told that they granted: what is in force, signed, to that department alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.trust import keys, signed
from schemas.trust.ring import read_ring, write_ring
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.departments.data_office.conftest import (
    ASKED,
    FREE,
    GRANTS_KEY,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    elsewhere,
    make_settings,
    opened,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _granted(bureau: Bureau, form: dict[str, Any]) -> str:
    request_id = str((await bureau.take(REQUESTER, "requests", form)).json()["request_id"])
    if form is not FREE:
        for step, body in (("agreed", {"second": "head-2"}), ("delivered", {})):
            assert (await bureau.take(PROVIDER, f"requests/{request_id}/{step}", body)).status_code == 201
    return request_id


async def test_what_is_delivered_is_a_grant_of_just_what_was_asked_for(bureau: Bureau) -> None:
    request_id = await _granted(bureau, {**ASKED, "rows": "is_legal_representative.is.true"})
    grant = (await bureau.grants(PROVIDER)).by_id[request_id]
    assert (grant.member, grant.provider, grant.dataset) == (REQUESTER, PROVIDER, ASKED["dataset"])
    assert grant.items == tuple(ASKED["items"])
    assert (grant.rows, grant.purpose) == ("is_legal_representative.is.true", ASKED["purpose"])
    assert grant.expires == datetime(2036, 12, 31, 16, tzinfo=UTC), "its last day ends in Shanghai"
    assert grant.not_before <= datetime.now(UTC)


async def test_what_was_asked_for_and_agreed_beside_is_in_the_grant_and_in_the_record(bureau: Bureau) -> None:
    asked: dict[str, Any] = {
        "quota_per_day": 1_000,
        "delegates": [f"{OTHER}/window", f"{OTHER}/desk"],
        "untold": "监察法 第十八条",
    }
    told = (await bureau.take(REQUESTER, "requests", {**ASKED, **asked})).json()
    path, less = f"requests/{told['request_id']}", {"quota_per_day": 500, "calls_per_second": 5}
    refused = await bureau.take(PROVIDER, f"{path}/agreed", {"second": "head-2", "quota_per_day": 1_001})
    assert (refused.status_code, refused.json()["reason"]) == (409, "beyond-request")
    agreed = {"second": "head-2", "case_required": True, **less}
    assert (await bureau.take(PROVIDER, f"{path}/agreed", agreed)).status_code == 201
    assert (await bureau.take(PROVIDER, f"{path}/delivered")).status_code == 201
    grant = (await bureau.grants(PROVIDER)).by_id[told["request_id"]]
    assert (grant.quota_per_day, grant.calls_per_second, grant.case_required) == (500, 5, True)
    assert (grant.delegates, grant.untold, grant.told_after_days) == (
        tuple(asked["delegates"]),
        asked["untold"],
        None,
    )
    [record] = await bureau.read(f"requests?request_id=eq.{told['request_id']}")
    assert {name: record[name] for name in less} == less
    assert (record["delegates"], record["case_required"]) == (",".join(asked["delegates"]), True)
    assert "untold" not in record, "on what basis persons are not told needs a grant"


async def test_days_after_which_persons_are_told_are_in_the_grant(bureau: Bureau) -> None:
    request_id = await _granted(bureau, {**ASKED, "told_after_days": 90})
    grant = (await bureau.grants(PROVIDER)).by_id[request_id]
    assert (grant.told_after_days, grant.untold, grant.quota_per_day) == (90, None, None)


async def test_a_suspension_takes_the_grant_away_until_it_is_resumed_and_its_end_for_good(
    bureau: Bureau,
) -> None:
    request_id = await _granted(bureau, FREE)
    before = await bureau.grants(PROVIDER)
    steps = (
        ("suspended", {"second": "head-2", "reason": "beyond its purpose", "mend_by": "2036-05-01"}, False),
        ("resumed", {"second": "head-2", "reason": "mended"}, True),
        ("suspended", {"second": "head-2", "reason": "again", "mend_by": "2036-05-01"}, False),
    )
    assert request_id in before.by_id
    for step, body, there in steps:
        assert (await bureau.take(PROVIDER, f"requests/{request_id}/{step}", body)).status_code == 201
        now = await bureau.grants(PROVIDER)
        assert (request_id in now.by_id) is there
        assert now.number > before.number
        before = now
    ended = await bureau.take(REQUESTER, f"requests/{request_id}/ended", {"reason": "done"})
    assert ended.status_code == 201
    assert request_id not in (await bureau.grants(PROVIDER)).by_id


async def test_a_department_is_told_its_own_grants_alone_and_once(bureau: Bureau) -> None:
    await _granted(bureau, FREE)
    assert {one.provider for one in (await bureau.grants(PROVIDER)).by_id.values()} == {PROVIDER}
    assert (await bureau.grants(OTHER)).by_id == {}
    async with bureau.client(OTHER) as client:
        assert (await client.get(f"/office/grants/{PROVIDER}")).status_code == 404
        assert (await client.get(f"/office/grants/{OTHER}", headers={"Authorization": ""})).status_code == 401
        first = await client.get(f"/office/grants/{OTHER}")
        again = await client.get(f"/office/grants/{OTHER}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    async with bureau.client(OFFICE) as operator:
        told = await operator.get(f"/office/grants/{PROVIDER}")
    assert told.status_code == 200, "the office's own systems keep the broker's list"


async def test_a_message_that_fetched_grants_fetches_them_once_also_over_a_restart(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    settings, clock = make_settings(tmp_path, trust, seeded), Clock()
    async with opened(settings, trust, clock) as bureau, bureau.client(PROVIDER) as client:
        first = await client.get(f"/office/grants/{PROVIDER}")
        sent = first.request.headers
    clock.now += timedelta(seconds=60)
    async with opened(settings, trust, clock) as again:
        transport = httpx.ASGITransport(app=again.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://office") as thief:
            replayed = await thief.get(f"/office/grants/{PROVIDER}", headers=sent)
    assert (first.status_code, replayed.status_code) == (200, 401)
    assert replayed.json()["reason"] == "replayed"


async def test_a_suspension_through_another_process_is_told_within_a_second_and_nothing_else_is_signed(
    bureau: Bureau, settings: Settings, trust: Trust, clock: Clock, tmp_path: Path
) -> None:
    request_id = await _granted(bureau, FREE)
    async with opened(elsewhere(settings, tmp_path), trust, clock) as twin:
        before = await twin.grants(PROVIDER)
        assert request_id in before.by_id
        clock.now += timedelta(seconds=1)
        assert (await twin.grants(PROVIDER)).number == before.number, "nothing has changed"
        body = {"second": "head-2", "reason": "beyond its purpose", "mend_by": "2036-05-01"}
        await bureau.take(PROVIDER, f"requests/{request_id}/suspended", body)
        clock.now += timedelta(seconds=1)
        after = await twin.grants(PROVIDER)
        assert request_id not in after.by_id
        assert after.number > before.number


async def test_once_another_key_has_begun_all_is_signed_anew_by_it_though_nothing_has_changed(
    trust: Trust, seeded: Path, tmp_path: Path
) -> None:
    settings, clock = make_settings(tmp_path, trust, seeded), Clock()
    old, new, lead = trust.systems[GRANTS_KEY], keys.new_key(), timedelta(seconds=10)
    assert settings.grants_key_file is not None
    async with opened(settings, trust, clock) as bureau:
        first = await _signed(bureau)
        ring = read_ring(settings.grants_key_file.read_bytes()).followed(new, clock.now + lead, clock.now)
        settings.grants_key_file.write_bytes(write_ring(ring.keys))
        assert await _signed(bureau) == first
        clock.now += lead
        second = await _signed(bureau)
    assert [signed.key_id_of(one) for one in (first, second)] == [old.key_id, new.key_id]
    assert signed.unchecked(second)["number"] > signed.unchecked(first)["number"]


async def _signed(bureau: Bureau) -> str:
    async with bureau.client(PROVIDER) as client:
        return (await client.get(f"/office/grants/{PROVIDER}")).text
