"""A node that trusts an OIDC issuer beside the registry: whom it answers by an issued token, as whom, and whom not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.trust import registry, signed
from services.client.signing import Signing
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.issuer import CLIENT, NAME, OpenIdIssuer
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, CASE, Trust, reasons, running
from tests.services.engine.api.logged import entries_of
from tests.waiting import until

_VEHICLES = f"/records/{office.KIND}/vehicles?select=plate&limit=1"
_SYSTEM = f"{ASKER}/window"


@dataclass
class Asking:
    """A node, its issuer, and a system that asks it by tokens of the issuer, in messages of its own."""

    http: httpx.AsyncClient
    made: OpenIdIssuer
    keys: Path
    clock: Clock
    settings: Settings

    def publish(self) -> None:
        self.keys.write_bytes(self.made.published())

    async def ask(self, *, officer: str | None = None, **claims: Any) -> httpx.Response:
        key_id = claims.pop("key_id", "k1")
        said = {"Authorization": f"Bearer {self.made.token(self.clock(), key_id, **claims)}"}
        said |= {"Langqiao-Purpose": CASE} | ({"Langqiao-Officer": officer} if officer else {})
        return await self.http.get(_VEHICLES, headers=said)


def _listed_as_client(trust: Trust) -> None:
    """The registry as it was, with the asking system as a client of the issuer."""
    path = trust.folder / "registry.jws"
    key = trust.authority
    document = signed.read(path.read_text(), {key.key_id: key.public_hex})
    for line in document["members"]:
        if line["system"] == _SYSTEM:
            line["clients"] = {NAME: CLIENT}
    registry.check_document(document)
    path.write_text(signed.sign(document, key))


@pytest.fixture
async def asking(settings: Settings, trust: Trust, clock: Clock, tmp_path: Path) -> AsyncIterator[Asking]:
    _listed_as_client(trust)
    keys = tmp_path / "issuer.json"
    named = {
        "issuer": NAME,
        "issuer_keys": str(keys),
        "issuer_officer_claim": "sub",
        "issuer_pause_seconds": 30,
    }
    told = settings.model_copy(update=named)
    async with running(create_app(office.DEPARTMENT, told, clock=clock)) as http:
        http.auth = Signing(trust.systems[_SYSTEM], clock=clock)
        made = Asking(http, OpenIdIssuer(), keys, clock, told)
        made.publish()
        yield made


async def test_an_issued_token_is_answered_as_the_system_and_entered_with_the_officer_it_names(
    asking: Asking,
) -> None:
    answer = await asking.ask()
    assert (answer.status_code, len(answer.json())) == (200, 1)
    [entry] = [one for one in entries_of(asking.settings) if one.get("system")]
    assert (entry["member"], entry["system"], entry["officer"]) == (ASKER, _SYSTEM, "f3a1")


async def test_a_call_may_name_that_officer_and_no_other(asking: Asking) -> None:
    assert (await asking.ask(officer="f3a1")).status_code == 200
    other = await asking.ask(officer="officer-1")
    assert (other.status_code, other.json()["reason"]) == (401, "wrong-officer")


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "account"},
        {"iss": "https://elsewhere.example"},
        {"azp": "another"},
        {"nbf": 2**40},
        {"exp": 1},
        {"header": {"kid": "k9"}},
    ],
    ids=str,
)
async def test_a_wrong_token_gets_the_answer_of_every_wrong_token(
    asking: Asking, wrong: dict[str, Any]
) -> None:
    answer = await asking.ask(**wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-token")
    told = orjson.dumps(answer.json())
    assert not any(one in told for one in (b"f3a1", b"login.example", CLIENT.encode()))


async def test_a_key_that_the_issuer_adds_is_met_and_one_that_it_withdraws_is_forgotten(
    asking: Asking,
) -> None:
    assert (await asking.ask()).status_code == 200
    asking.made.add("k2")
    asking.publish()
    assert (await asking.ask(key_id="k2")).status_code == 401
    asking.clock.now += timedelta(seconds=30)
    assert (await asking.ask(key_id="k2")).status_code == 200
    withdrawn = asking.made.keys.pop("k2")
    asking.publish()
    asking.made.keys["k2"] = withdrawn
    asking.clock.now += timedelta(hours=1)
    assert (await asking.ask(key_id="k2")).json()["reason"] == "unknown-key"


async def test_the_issuer_vouches_for_no_message(asking: Asking) -> None:
    asking.http.auth = None
    answer = await asking.ask()
    assert (answer.status_code, answer.json()["reason"]) == (401, "missing")


async def test_a_node_that_trusts_no_issuer_takes_no_token_of_one(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    _listed_as_client(trust)
    async with running(create_app(office.DEPARTMENT, settings, clock=clock)) as http:
        http.auth = Signing(trust.systems[_SYSTEM], clock=clock)
        said = {"Authorization": f"Bearer {OpenIdIssuer().token(datetime.now(UTC))}"}
        answer = await http.get(_VEHICLES, headers=said)
    assert (answer.status_code, answer.json()["reason"]) == (401, "unknown-key")


async def test_keys_that_cannot_be_had_are_told_in_health_and_stop_nobody_else(
    asking: Asking, trust: Trust
) -> None:
    asking.keys.unlink()
    assert (await asking.ask()).status_code == 401
    assert (await asking.http.get(_VEHICLES, headers=trust.headers(ASKER))).status_code == 200

    async def told() -> bool:
        return "issuer: No such file" in await reasons(asking.http)

    await until(told)
