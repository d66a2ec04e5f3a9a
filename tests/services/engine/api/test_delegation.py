"""A system that acts on behalf of another member: what it may have, and that log and receipt name both."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from schemas.trust import registry, signed, token
from schemas.trust.receipts import read_receipt
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, OTHER_NODE, Trust, client_of
from tests.services.engine.api.granting import grant_anew
from tests.services.engine.api.logged import entries_of

VEHICLES = f"/records/{office.KIND}/vehicles"
_OWNER_ID = f"{VEHICLES}?select=owner_id&limit=1"
#: The member that another acts for.
PRINCIPAL = OTHER_NODE
_SYSTEM = f"{ASKER}/window"


def acting(app: FastAPI, trust: Trust, member: str = PRINCIPAL) -> httpx.AsyncClient:
    """The asker's window on behalf of another member, with that one's grant."""
    text = token.make(
        trust.systems[_SYSTEM], system=_SYSTEM, member=ASKER, now=datetime.now(UTC), on_behalf=member
    )
    said = trust.headers(ASKER, purpose="grant:G-1")
    return client_of(app, {**said, "Authorization": f"Bearer {text}"}, trust)


async def test_a_delegate_has_what_the_grant_opens_and_log_and_receipt_name_both(
    signing: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, member=PRINCIPAL, delegates=[_SYSTEM], rows="colour.eq.red")
    app = create_app(office.DEPARTMENT, signing, clock=clock)
    async with app.router.lifespan_context(app), acting(app, trust) as client:
        answer = await client.get(f"{VEHICLES}?select=colour&limit=30")
    assert {row["colour"] for row in answer.json()} == {"red"}, (
        "the grant's rows, even where no item needs it"
    )
    [entry] = entries_of(signing)
    assert (entry["member"], entry["system"], entry["on_behalf"]) == (ASKER, _SYSTEM, PRINCIPAL)
    assert (entry["grant"], entry["officer"]) == ("G-1", "officer-1")
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    known = registry.from_document(signed.read((trust.folder / "registry.jws").read_text(), trusted))
    receipt = read_receipt(answer.headers["langqiao-receipt"], known)
    assert (receipt.member, receipt.on_behalf) == (ASKER, PRINCIPAL)


_UNALLOWED: dict[str, dict[str, Any]] = {
    "a grant that names no delegate": {"member": PRINCIPAL},
    "a grant that names another delegate": {"member": PRINCIPAL, "delegates": [f"{PRINCIPAL}/node"]},
    "a grant of the delegate's own": {"delegates": [_SYSTEM]},
}


@pytest.mark.parametrize("what", _UNALLOWED)
async def test_whom_no_grant_names_as_delegate_gets_what_anybody_without_a_grant_gets(
    settings: Settings, trust: Trust, clock: Clock, what: str
) -> None:
    grant_anew(trust, clock, **_UNALLOWED[what])
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    without = trust.headers(ASKER, purpose="grant:none")
    async with (
        app.router.lifespan_context(app),
        acting(app, trust) as client,
        client_of(app, without, trust) as other,
    ):
        refused, none = await client.get(_OWNER_ID), await other.get(_OWNER_ID)
        assert (refused.status_code, refused.json()) == (403, none.json())
        assert (await client.get(f"{VEHICLES}?select=plate")).status_code == 403
    assert entries_of(settings) == []


async def test_nobody_acts_for_a_member_that_is_none(settings: Settings, trust: Trust, clock: Clock) -> None:
    grant_anew(trust, clock, member="330203.gone", delegates=[_SYSTEM])
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), acting(app, trust, "330203.gone") as client:
        assert (await client.get(_OWNER_ID)).json()["code"] == "grant-required"


async def test_a_cursor_is_good_for_whom_it_was_given_alone(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, member=PRINCIPAL, delegates=[_SYSTEM])
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    own = trust.headers(ASKER, purpose="grant:G-1")
    async with (
        app.router.lifespan_context(app),
        acting(app, trust) as client,
        client_of(app, own, trust) as other,
    ):
        asked = {"select": "plate", "limit": 1}
        cursor = (await client.post(f"{VEHICLES}/query", json=asked)).headers["langqiao-next"]
        asked["cursor"] = cursor
        assert (await client.post(f"{VEHICLES}/query", json=asked)).status_code == 200
        assert (await other.post(f"{VEHICLES}/query", json=asked)).json()["code"] == "bad-cursor"
