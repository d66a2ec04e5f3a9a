"""Who represents an enterprise is told of it: by a register's word for that very ask, and by nobody else's."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from fastapi import FastAPI

from schemas.law.identifiers import make_credit_code
from schemas.trust.about import MANDATES
from schemas.trust.mandates import Mandate, sign_mandate
from schemas.trust.vouching import digest_of
from services.engine.representation import Representation
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import CITIZENS, OTHER_NODE, Trust, client_of
from tests.services.engine.api.desks import DESK, SESSION, Desk, opened
from tests.services.engine.api.logged import entries_of, named, person

VEHICLES = f"/records/{office.KIND}/vehicles"
CREDIT_CODE = "91330100MA0TEXT128"
#: Red vehicles say who represents the enterprise that owns them: vehicle 3 does, vehicle 1 is green.
_REGISTER = Representation(f"{office.KIND}.vehicles", "owner_id", "owner_code", {"colour": "eq.red"})
OFFICE = replace(office.DEPARTMENT, represents=_REGISTER)


@pytest.fixture
async def desk(app: FastAPI, trust: Trust, clock: Clock) -> AsyncIterator[Desk]:
    async with client_of(app, trust.headers(CITIZENS, SESSION), trust) as client:
        yield Desk(client, trust, clock)


async def test_a_representative_is_told_of_the_enterprise_by_the_registers_word_for_this_ask(
    signing: Settings, trust: Trust, clock: Clock
) -> None:
    async with opened(signing, trust, clock, OFFICE) as (desk, window):
        await window.get(f"{VEHICLES}/A01?select=plate")
        word = desk.vouched(3, enterprise=CREDIT_CODE)
        mandates = (await desk.send({"vouched": word}, MANDATES)).json()["mandates"]
        assert len(mandates) == 1
        answer = await desk.send({"vouched": word, "mandates": mandates})
        assert [one["act"] for one in answer.json()["entries"]] == ["verify", "read"]
        other = await desk.send(
            {"vouched": desk.vouched(1, enterprise=CREDIT_CODE), "mandates": [*mandates, "x"]}
        )
        assert (other.status_code, other.json()["code"]) == (403, "not-represented")
        [verified] = [one for one in entries_of(signing) if one["act"] == "verify"]
        assert verified["subjects"] == sorted([person(3), named("credit-code", CREDIT_CODE)])


async def test_the_register_says_the_same_of_whoever_does_not_represent(
    signing: Settings, trust: Trust, clock: Clock
) -> None:
    elsewhere = make_credit_code("91", office.DIVISION, "MA0TEXT5")
    async with opened(signing, trust, clock, OFFICE) as (desk, _):
        for number, code in ((1, CREDIT_CODE), (998, CREDIT_CODE), (3, elsewhere)):
            answer = await desk.send({"vouched": desk.vouched(number, enterprise=code)}, MANDATES)
            assert (answer.status_code, answer.content) == (200, b'{"mandates":[]}')


async def test_a_department_without_a_register_says_so(desk: Desk) -> None:
    answer = await desk.send({"vouched": desk.vouched(3, enterprise=CREDIT_CODE)}, MANDATES)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-path")


async def test_no_word_but_that_of_a_register_counts(desk: Desk, trust: Trust) -> None:
    """A node that is none, and the desk itself, sign what a register would."""
    word = desk.vouched(3, enterprise=CREDIT_CODE)
    ask = digest_of(word)
    forged = [
        sign_mandate(Mandate(OTHER_NODE, ask), trust.systems[f"{OTHER_NODE}/node"]),
        sign_mandate(Mandate(office.OWNER, ask), trust.systems[f"{OTHER_NODE}/node"]),
        sign_mandate(Mandate(office.OWNER, ask), trust.systems[DESK]),
    ]
    answer = await desk.send({"vouched": word, "mandates": forged})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-represented")
    true = sign_mandate(Mandate(office.OWNER, ask), trust.systems[f"{office.OWNER}/node"])
    assert (await desk.send({"vouched": word, "mandates": [*forged, true]})).status_code == 200
