"""`POST /registry`: what the authority signed comes into force at once, whoever brings it; what it did not is refused.
Without a word on the registry nothing is given on a grant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from schemas.trust import keys, signed
from schemas.trust.authority import hand_over
from schemas.trust.holding import LARGEST_BYTES
from schemas.trust.word import Word, sign_word
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust, client_of, reasons
from tests.waiting import until

PATH = "/registry"
VEHICLES = f"/records/{office.KIND}/vehicles"
#: Of the default a hundredth.
_PATIENCE = 36


@pytest.fixture
def impatient(settings: Settings) -> Settings:
    return settings.model_copy(update={"registry_word_seconds": _PATIENCE})


@pytest.fixture
async def app(impatient: Settings, clock: Clock) -> AsyncIterator[FastAPI]:
    """The node, whose registry was issued a day ago, and has been confirmed by nobody."""
    made = create_app(office.DEPARTMENT, impatient, clock=clock)
    async with made.router.lifespan_context(made):
        yield made


def _document(trust: Trust) -> dict[str, Any]:
    """The registry that the node began with."""
    return signed.unchecked((trust.folder / "registry.jws").read_text())


def _registry(trust: Trust, number: int, **changed: Any) -> str:
    now = datetime.now(UTC).isoformat()
    return signed.sign({**_document(trust), "number": number, "issued": now, **changed}, trust.authority)


def _word(trust: Trust, number: int, at: datetime) -> str:
    return sign_word(Word(number, at), trust.authority)


async def test_a_newer_registry_is_in_force_with_its_answer(
    anonymous: httpx.AsyncClient, member: httpx.AsyncClient, trust: Trust
) -> None:
    asked = f"{VEHICLES}?select=price&limit=1"
    assert (await member.get(asked)).status_code == 200
    others = [one for one in _document(trust)["members"] if one["id"] != ASKER]
    answer = await anonymous.post(PATH, content=_registry(trust, 2, members=others))
    assert (answer.status_code, answer.json()["number"]) == (200, 2)
    assert (await member.get(asked)).json()["reason"] == "unknown-key"


async def test_a_restart_knows_it(anonymous: httpx.AsyncClient, trust: Trust, impatient: Settings) -> None:
    await anonymous.post(PATH, content=_registry(trust, 2))
    made = create_app(office.DEPARTMENT, impatient)
    async with made.router.lifespan_context(made), client_of(made, {}) as client:
        await until(lambda: _number(client, 2))


@pytest.mark.parametrize(
    ("changed", "status", "code", "reason"),
    [
        ({"number": 0}, 400, "bad-registry", "malformed"),
        ({"expires": "2026-01-01T00:00:00Z"}, 400, "bad-registry", "expired"),
        (
            {"issued": "2099-01-01T00:00:00Z", "expires": "2100-01-01T00:00:00Z"},
            400,
            "bad-registry",
            "not-yet-valid",
        ),
        ({"number": 1}, 409, "registry-older", "contradicts"),
        ({"members": 5}, 400, "bad-registry", "malformed"),
    ],
)
async def test_what_the_authority_signed_and_is_not_to_be_used_is_refused(
    anonymous: httpx.AsyncClient, trust: Trust, changed: dict[str, Any], status: int, code: str, reason: str
) -> None:
    number = changed.pop("number", 2)
    answer = await anonymous.post(PATH, content=_registry(trust, number, **changed))
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (status, code, reason)
    assert answer.json()["number"] == 1


async def test_an_older_one_is_refused_and_health_says_so_and_what_is_in_force(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    for number in (3, 2):
        answer = await anonymous.post(PATH, content=_registry(trust, number))
    assert (answer.status_code, answer.json()["reason"], answer.json()["number"]) == (409, "older", 3)

    async def said() -> bool:
        check = (await anonymous.get("/health")).json()["checks"].get("registry", {})
        return check.get("number") == 3 and (check.get("refused") or {}).get("reason") == "older"

    await until(said, what="health names the registry in force, and what was refused")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"", 400, "bad-registry"),
        (b"a.b.c", 400, "bad-registry"),
        (b"\xff", 400, "bad-registry"),
        (orjson.dumps({"number": 2}), 400, "bad-registry"),
        (b"x" * (LARGEST_BYTES + 1), 413, "too-large"),
    ],
)
async def test_what_is_no_registry_is_refused(
    anonymous: httpx.AsyncClient, sent: bytes, status: int, code: str
) -> None:
    answer = await anonymous.post(PATH, content=sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_signer_and_an_altered_text_are_refused(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    forged = signed.sign({**_document(trust), "number": 2}, keys.new_key())
    head, _, mark = _registry(trust, 2).split(".")
    _, body, _ = _registry(trust, 3).split(".")
    for text, reason in ((forged, "unknown-key"), (f"{head}.{body}.{mark}", "bad-signature")):
        answer = await anonymous.post(PATH, content=text)
        assert (answer.status_code, answer.json()["reason"]) == (400, reason)


async def test_a_registry_that_cannot_be_kept_is_not_in_force(
    anonymous: httpx.AsyncClient, trust: Trust, impatient: Settings
) -> None:
    folder = impatient.kept_registries
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    answer = await anonymous.post(PATH, content=_registry(trust, 2))
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    assert not await _number(anonymous, 2)


async def test_without_a_word_for_too_long_grants_rest_and_all_else_goes_on(
    anonymous: httpx.AsyncClient,
    member: httpx.AsyncClient,
    granted: httpx.AsyncClient,
    trust: Trust,
    clock: Clock,
) -> None:
    conditional = f"{VEHICLES}?select=plate,owner_id&colour=eq.red&limit=1"
    refused = await granted.get(conditional)
    assert (refused.status_code, refused.json()["code"]) == (503, "registry-stale")
    assert int(refused.headers["retry-after"]) > 0
    assert (await member.get(f"{VEHICLES}?select=price&limit=1")).status_code == 200
    assert (await anonymous.get(f"{VEHICLES}?select=plate&limit=1")).status_code == 200
    await until(lambda: _blames(anonymous, "no word of the member registry for"), what="health says it")

    told = await anonymous.post(PATH, content=_word(trust, 1, clock()))
    assert (told.status_code, told.json()["number"]) == (200, 1)
    assert (await granted.get(conditional)).status_code == 200
    clock.now += timedelta(seconds=_PATIENCE + 1)
    assert (await granted.get(conditional)).json()["code"] == "registry-stale"


async def test_a_word_on_another_number_renews_nothing(
    anonymous: httpx.AsyncClient, granted: httpx.AsyncClient, trust: Trust, clock: Clock
) -> None:
    told = await anonymous.post(PATH, content=_word(trust, 2, clock()))
    assert (told.status_code, told.json()["number"]) == (200, 1)
    assert (await granted.get(f"{VEHICLES}?select=plate,owner_id&limit=1")).json()["code"] == "registry-stale"


async def test_grants_signed_by_the_authoritys_next_key_count_once_it_was_handed_over_to(
    app: FastAPI, anonymous: httpx.AsyncClient, granted: httpx.AsyncClient, trust: Trust, clock: Clock
) -> None:
    following = keys.new_key()
    grants = signed.unchecked((trust.folder / "grants.jws").read_text())
    (trust.folder / "grants.jws").write_text(signed.sign({**grants, "number": 2}, following))
    await until(lambda: _blames(anonymous, "grants: unknown-key"), what="health refuses the unknown key")
    until_then = clock() + timedelta(days=30)
    statement = hand_over(trust.authority, following.key_id, following.public_hex, until_then)
    answer = await anonymous.post(PATH, content=_registry(trust, 2, authority=[statement]))
    assert answer.status_code == 200
    assert app.plane.node.gate.grants.value.number == 2  # type: ignore[attr-defined]
    assert (await granted.get(f"{VEHICLES}?select=plate,owner_id&colour=eq.red&limit=1")).status_code == 200


async def _number(client: httpx.AsyncClient, number: int) -> bool:
    return bool((await client.get("/health")).json()["checks"].get("registry", {}).get("number") == number)


async def _blames(client: httpx.AsyncClient, reason: str) -> bool:
    return reason in await reasons(client)
