"""What a person is told at one department: everything that was asked about them and that the law lets them know, and
nothing about anybody else."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from schemas.trust.about import LAST, MANDATES, PATH, told
from schemas.trust.vouching import LIFETIME, Vouched, filing, vouch
from services.engine.log.traces import entries
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, CITIZENS, Trust, client_of
from tests.services.engine.api.desks import DESK, SESSION, Desk, opened
from tests.services.engine.api.granting import grant_anew
from tests.services.engine.api.logged import entries_of, log_of, person

VEHICLES = f"/records/{office.KIND}/vehicles"
CREDIT_CODE = "91330100MA0TEXT128"


@pytest.fixture
async def desk(app: FastAPI, trust: Trust, clock: Clock) -> AsyncIterator[Desk]:
    async with client_of(app, trust.headers(CITIZENS, SESSION), trust) as client:
        yield Desk(client, trust, clock)


async def test_a_person_is_told_who_asked_when_what_for_and_which_items(
    desk: Desk, granted: httpx.AsyncClient, clock: Clock, settings: Settings
) -> None:
    body = {"select": "plate,owner_id", "owner_id": f"eq.{office.owner_id(0)}"}
    assert len((await granted.post(f"{VEHICLES}/query", json=body)).json()) == 1
    [told] = await desk.entries(0)
    at = told.pop("at")
    assert at == entries_of(settings)[0]["at"]
    assert told == {
        "node": office.OWNER,
        "entry": 2,
        "act": "read",
        "member": ASKER,
        "system": f"{ASKER}/window",
        "purpose": "grant:G-1",
        "use": "核验",
        "dataset": f"{office.KIND}.vehicles",
        "items": ["owner_id", "plate"],
        "searched": ["owner_id"],
        "found": True,
    }


async def test_the_officer_is_told_by_unit_alone(desk: Desk, app: FastAPI, trust: Trust) -> None:
    async with client_of(app, trust.headers(ASKER, officer="window-2/officer-7"), trust) as client:
        await client.get(f"{VEHICLES}/A00?select=plate")
    [told] = await desk.entries(0)
    assert told["unit"] == "window-2"
    assert "officer-7" not in str(told)


async def test_whoever_was_searched_for_in_vain_is_told_that_nothing_was_found(
    desk: Desk, owner: httpx.AsyncClient
) -> None:
    body = {"select": "plate", "owner_id": f"eq.{office.owner_id(999).lower()}"}
    assert (await owner.post(f"{VEHICLES}/query", json=body)).json() == []
    [told] = await desk.entries(999)
    assert (told["found"], told["searched"]) == (False, ["owner_id"])


async def test_an_ask_is_an_entry_too_which_the_person_sees_the_next_time(
    desk: Desk, settings: Settings
) -> None:
    assert await desk.entries(5) == []
    [entry] = entries_of(settings)
    assert (entry["act"], entry["subjects"], entry["records"]) == ("view", [person(5)], 0)
    assert (entry["system"], entry["purpose"]) == (DESK, SESSION)
    [told] = await desk.entries(5)
    assert (told["act"], told["system"], told["purpose"]) == ("view", DESK, SESSION)


async def test_nobody_is_told_of_others_and_an_unknown_person_is_answered_as_one_without_entries(
    desk: Desk, member: httpx.AsyncClient
) -> None:
    await member.get(f"{VEHICLES}?select=plate&plate=in.(A00,A02)")
    assert [len(await desk.entries(number)) for number in (0, 2)] == [1, 1]
    nobody, other = await desk.ask(998), await desk.ask(4)
    assert nobody.content == other.content == b'{"entries":[],"next":null}'


async def test_what_the_law_exempts_is_absent_for_good_whether_the_grant_was_needed_or_not(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, untold="刑事诉讼法 第五十四条")
    async with opened(settings, trust, clock) as (desk, window):
        for items in ("owner_id", "plate"):
            assert (await window.get(f"{VEHICLES}/A00?select={items}")).status_code == 200
        assert (await desk.ask(0)).content == (await desk.ask(998)).content
        assert [one["untold"] for one in entries_of(settings)[:2]] == ["刑事诉讼法 第五十四条"] * 2
    # The grant ends, and its document with it; what was entered under it stays untold.
    (trust.folder / "grants.jws").unlink()
    async with opened(settings, trust, clock) as (desk, _):
        assert [one["act"] for one in await desk.entries(0)] == ["view"]


async def test_what_the_law_exempts_is_absent_whatever_else_is_asked_under_the_grants_name(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    """An exempt question goes to every dataset that it joins, and its purpose names the grant to each."""
    inspections = {"dataset": f"{office.KIND}.inspections", "items": ["passed"]}
    grant_anew(trust, clock, untold="刑事诉讼法 第五十四条", **inspections)
    async with opened(settings, trust, clock) as (desk, window):
        assert (await window.get(f"{VEHICLES}/A00?select=plate")).status_code == 200
        assert (await window.get(f"{VEHICLES}/unknown?select=plate")).status_code == 404
        assert (await desk.ask(0)).content == (await desk.ask(998)).content
        told_of = [one.get("untold") for one in entries_of(settings)[:2]]
        assert told_of == ["刑事诉讼法 第五十四条"] * 2


async def test_who_names_a_grant_that_is_exempt_and_is_not_its_member_hides_nothing(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, untold="刑事诉讼法 第五十四条", member="330203.police")
    async with opened(settings, trust, clock) as (desk, window):
        assert (await window.get(f"{VEHICLES}/A00?select=plate")).status_code == 200
        [told] = await desk.entries(0)
        assert (told["purpose"], "use" in told) == ("grant:G-1", False)


async def test_what_is_told_later_appears_in_its_place_when_the_time_has_come(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, told_after_days=5)
    async with opened(settings, trust, clock) as (desk, window):
        assert (await window.get(f"{VEHICLES}/A00?select=owner_id")).status_code == 200
        assert await desk.entries(0) == []
    clock.now += timedelta(days=5, seconds=-1)
    # Tokens and messages go by the wall clock here, so the node that looks later is asked of its log alone.
    assert [one["act"] for one in _told(settings, clock)] == ["view"]
    clock.now += timedelta(seconds=2)
    assert [one["act"] for one in _told(settings, clock)] == ["view", "read"]


def _told(settings: Settings, clock: Clock) -> list[dict[str, Any]]:
    found = entries(settings.access_log, [person(0)], LAST)
    return [one for line in found if (one := told(line.said, clock.now, {})) is not None]


async def test_pages_follow_each_other_newest_first_without_a_gap(
    desk: Desk, member: httpx.AsyncClient
) -> None:
    for _ in range(5):
        await member.get(f"{VEHICLES}/A00?select=plate")
    first = (await desk.ask(0, limit=2)).json()
    second = (await desk.ask(0, limit=2, before=first["next"])).json()
    third = (await desk.ask(0, limit=2, before=second["next"])).json()
    numbers = [[one["entry"] for one in page["entries"]] for page in (first, second, third)]
    assert numbers == [[6, 5], [4, 3], [2]]
    assert (first["next"], third["next"]) == ({office.OWNER: 5}, None)


_REFUSED: dict[str, tuple[Callable[[Desk], str], str]] = {
    "no signed text": (lambda desk: "nothing", "malformed"),
    "another system's word": (lambda desk: desk.vouched(0, f"{ASKER}/window"), "another-call"),
    "another purpose": (lambda desk: desk.vouched(0, purpose="identified:session-2"), "another-call"),
    "to file about a record": (
        lambda desk: desk.vouched(0, use=filing("vehicle_office.vehicles", "A00")),
        "another-call",
    ),
    "no purpose of identification": (lambda desk: desk.vouched(0, purpose="case:1"), "malformed"),
    "no ID number": (lambda desk: desk.vouched(0, person="33020319800101000"), "malformed"),
    "too old": (
        lambda desk: desk.vouched(0, at=desk.clock() - LIFETIME - timedelta(seconds=31)),
        "expired",
    ),
    "from the future": (
        lambda desk: desk.vouched(0, at=desk.clock() + timedelta(seconds=31)),
        "not-yet-valid",
    ),
    "signed for another": (
        lambda desk: vouch(
            Vouched(DESK, office.owner_id(0), SESSION, desk.clock()), desk.trust.systems[f"{ASKER}/window"]
        ),
        "unknown-key",
    ),
}


async def test_nothing_is_told_unless_the_caller_vouches_for_this_very_person_now(
    desk: Desk, settings: Settings
) -> None:
    for how, (make, reason) in _REFUSED.items():
        answer = await desk.send({"vouched": make(desk)})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad-vouching"), how
        assert answer.json()["reason"] == reason, how
        assert office.owner_id(0) not in answer.text
    assert entries_of(settings) == [], "what is refused discloses nothing"


async def test_only_a_system_that_identifies_persons_is_told_anything(
    app: FastAPI, trust: Trust, clock: Clock
) -> None:
    async with client_of(app, trust.headers(ASKER, SESSION), trust) as client:
        window = Desk(client, trust, clock)
        answer = await window.send({"vouched": window.vouched(0, f"{ASKER}/window")})
        assert (answer.status_code, answer.json()["code"]) == (403, "vouching-required")
    async with client_of(app, trust.headers(CITIZENS), trust) as client:
        answer = await Desk(client, trust, clock).ask(0)
        assert (answer.status_code, answer.json()["code"]) == (403, "purpose-required")
    async with client_of(app, {}) as client:
        answer = await Desk(client, trust, clock).ask(0)
        assert (answer.status_code, answer.json()["code"]) == (401, "token-required")


_BODIES: list[dict[str, Any]] = [
    {},
    {"vouched": 1},
    {"vouched": "a" * 5_000},
    {"vouched": "a", "limit": 0},
    {"vouched": "a", "limit": 1_001},
    {"vouched": "a", "before": {"n": 0}},
    {"vouched": "a", "before": {"n": 2**64}},
    {"vouched": "a", "mandates": "a"},
    {"vouched": "a", "id_number": "a"},
]


async def test_a_body_that_is_no_ask_is_refused(desk: Desk) -> None:
    for body in _BODIES:
        answer = await desk.send(body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-body"), body


async def test_the_address_takes_post_alone(desk: Desk) -> None:
    answer = await desk.http.get(PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_neither_log_nor_metric_nor_refusal_holds_an_identifier(
    desk: Desk, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    word = desk.vouched(3, enterprise=CREDIT_CODE)
    said = [
        (await desk.ask(3)).text,
        (await desk.send({"vouched": word})).text,
        (await desk.send({"vouched": word}, MANDATES)).text,
        (await desk.http.get("/metrics")).text,
        (await desk.http.get("/health")).text,
        *(one.getMessage() for one in caplog.records if not one.name.startswith(("httpx", "aiosqlite"))),
        *(line.decode() for line in log_of(settings)),
    ]
    assert "/log/about-me" in str(said)
    for canary in (office.owner_id(3), CREDIT_CODE, word):
        assert canary not in str(said)
