"""A grant for cases alone: what is answered is about whom the case is about, and all else is refused or not there."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from schemas.trust import cases, keys, signed
from schemas.trust.subjects import Subject
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust, client_of
from tests.services.engine.api.granting import grant_anew
from tests.services.engine.api.logged import entries_of

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"
_KEEPER = keys.new_key()
#: Vehicle A02 is this person's, A04 another's.
_PERSON, _OTHER = office.owner_id(2), office.owner_id(4)


@pytest.fixture
def trust_in_cases(trust: Trust, clock: Clock) -> Trust:
    """A registry in which the window also keeps cases, and the grant G-1 for cases alone."""
    document = signed.unchecked((trust.folder / "registry.jws").read_text())
    keeper = {"id": ASKER, "system": f"{ASKER}/cases", "role": "cases"}
    keeper["keys"] = {_KEEPER.key_id: _KEEPER.public_hex}  # type: ignore[assignment]
    document["members"].append(keeper)
    (trust.folder / "registry.jws").write_text(signed.sign(document, trust.authority))
    grant_anew(trust, clock, case="required")
    return trust


def reference(clock: Clock, *persons: str, member: str = ASKER, number: str = "2026-17") -> str:
    """The reference of an open case about these persons."""
    subjects: list[Subject] = [("id-number", one) for one in persons]
    case = cases.case_of(number, member, subjects, secrets.token_bytes(16))
    opened, until = clock.now - timedelta(days=3), clock.now + timedelta(hours=8)
    return cases.refer(case, _KEEPER, opened=opened, now=clock.now, until=until)


@asynccontextmanager
async def asking(
    settings: Settings, trust: Trust, clock: Clock, case: str | None, purpose: str = "grant:G-1"
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    said = trust.headers(ASKER, purpose=purpose) | ({} if case is None else {"Langqiao-Case": case})
    async with app.router.lifespan_context(app), client_of(app, said, trust) as client:
        yield client


def _told(answer: httpx.Response) -> tuple[int, Any]:
    """Status and body, but for what is a call's own."""
    return answer.status_code, answer.json()


async def test_what_the_case_is_about_is_shown_and_its_number_stands_in_the_log(
    settings: Settings, trust_in_cases: Trust, clock: Clock
) -> None:
    async with asking(settings, trust_in_cases, clock, reference(clock, _PERSON)) as client:
        body = {"select": "plate", "owner_id": f"eq.{_PERSON}"}
        listed = await client.post(f"{VEHICLES}/query", json=body)
        keys_of = {"by": "owner_id", "keys": [_PERSON], "select": "plate"}
        looked_up = await client.post(f"{VEHICLES}/lookup", json=keys_of)
        claim = {"where": {"owner_id": _PERSON}, "claims": {"plate": "A02"}}
        verified = await client.post(f"{VEHICLES}/verify", json=claim)
        one = await client.get(f"{VEHICLES}/A02?select=owner_id")
        free = await client.get(f"{VEHICLES}?select=plate&limit=1")
    assert listed.json() == [{"plate": "A02"}]
    assert orjson.loads(looked_up.content.splitlines()[0])["records"] == [{"plate": "A02"}]
    assert verified.json() == {"match": True}
    assert one.json() == {"owner_id": _PERSON}
    assert free.status_code == 200, "what needs no grant needs no case"
    assert [entry["case"] for entry in entries_of(settings)] == ["2026-17"] * 5
    assert [entry.get("grant") for entry in entries_of(settings)] == ["G-1"] * 4 + [None]


async def test_whoever_else_is_asked_about_is_refused_before_a_record_is_read(
    settings: Settings, trust_in_cases: Trust, clock: Clock
) -> None:
    keys_of = {"by": "owner_id", "keys": [_PERSON, _OTHER], "select": "plate"}
    claim = {"where": {"plate": "A02"}, "claims": {"owner_id": _OTHER}}
    other = {"select": "plate", "owner_id": f"eq.{_OTHER}"}
    async with asking(settings, trust_in_cases, clock, reference(clock, _PERSON)) as client:
        answers = [
            await client.get(f"{VEHICLES}?select=owner_id"),
            await client.post(f"{VEHICLES}/query", json=other),
            await client.post(f"{VEHICLES}/lookup", json=keys_of),
            await client.post(f"{VEHICLES}/verify", json=claim),
            await client.post(f"{VEHICLES}/lookup", json={"by": "plate", "keys": ["A02"]}),
        ]
    for answer in answers:
        said = answer.json()
        assert (answer.status_code, said["code"], said["reason"]) == (403, "case-refused", "not-about-this")
    assert entries_of(settings) == []


async def test_a_record_about_somebody_else_is_as_one_that_is_not_there(
    settings: Settings, trust_in_cases: Trust, clock: Clock
) -> None:
    async with asking(settings, trust_in_cases, clock, reference(clock, _PERSON)) as client:
        other, absent = [await client.get(f"{VEHICLES}/{one}?select=owner_id") for one in ("A04", "Z99")]
        assert _told(other) == _told(absent)
        assert other.status_code == 404
        ids = {"record_ids": ["A04", "Z99", "A02"], "select": "owner_id"}
        lines = (await client.post(f"{VEHICLES}/lookup", json=ids)).content.splitlines()
    found = [orjson.loads(line)["records"] for line in lines[:3]]
    assert found == [[], [], [{"owner_id": _PERSON}]]
    assert [entry["records"] for entry in entries_of(settings)] == [0, 0, 1]


_REFUSED = {
    "no case": (None, "case-required"),
    "no reference": ("x.y.z", "case-refused"),
    "a case of another member": (office.OWNER, "case-refused"),
}


@pytest.mark.parametrize("what", _REFUSED)
async def test_without_a_case_of_its_own_a_member_has_nothing(
    settings: Settings, trust_in_cases: Trust, clock: Clock, what: str
) -> None:
    said, code = _REFUSED[what]
    case = reference(clock, _PERSON, member=said) if said == office.OWNER else said
    body = {"select": "plate", "owner_id": f"eq.{_PERSON}"}
    async with asking(settings, trust_in_cases, clock, case) as client:
        answer = await client.post(f"{VEHICLES}/query", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert _PERSON not in answer.text


async def test_a_purpose_that_names_one_case_is_not_shown_another(
    settings: Settings, trust_in_cases: Trust, clock: Clock
) -> None:
    case, address = reference(clock, _PERSON), f"{VEHICLES}?select=plate&limit=1"
    async with asking(settings, trust_in_cases, clock, case, purpose="case:2026-17") as client:
        assert (await client.get(address)).status_code == 200
    async with asking(settings, trust_in_cases, clock, case, purpose="case:2026-18") as client:
        assert (await client.get(address)).json()["reason"] == "another-case"


async def test_by_default_every_purpose_that_is_a_case_needs_one_for_unconditional_items_as_well(
    settings: Settings, trust_in_cases: Trust, clock: Clock
) -> None:
    default = Settings.model_fields["require_cases"].default
    strict = settings.model_copy(update={"require_cases": default})
    listing, case = f"{VEHICLES}?select=seats", reference(clock, _PERSON)
    async with asking(strict, trust_in_cases, clock, case, purpose="case:2026-17") as client:
        listed = await client.get(listing)
        own, other = [await client.get(f"{VEHICLES}/{one}?select=seats") for one in ("A02", "A04")]
    assert (listed.status_code, listed.json()["reason"]) == (403, "not-about-this")
    assert (own.status_code, other.status_code) == (200, 404)
    async with asking(strict, trust_in_cases, clock, None, purpose="case:2026-17") as client:
        assert (await client.get(listing)).json()["code"] == "case-required"
    async with asking(strict, trust_in_cases, clock, case) as client:
        assert (await client.get(listing)).status_code == 200, "the purpose is a grant"
        own_system = trust_in_cases.headers(office.OWNER, purpose="case:2026-17")
        assert (await client.get(listing, headers=own_system)).status_code == 200, "its own affair"


async def test_a_reference_that_is_no_longer_good_is_none(
    settings: Settings, trust_in_cases: Trust, clock: Clock
) -> None:
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    case = cases.case_of("2026-17", ASKER, [("id-number", _PERSON)], b"s" * 16)
    issued = clock.now - hour
    old = cases.refer(case, _KEEPER, opened=issued, now=issued, until=clock.now - second)
    async with asking(settings, trust_in_cases, clock, old) as client:
        answer = await client.get(f"{VEHICLES}?select=plate&limit=1")
    assert answer.json()["reason"] == "expired", "what is sent is judged, also where it is not needed"
