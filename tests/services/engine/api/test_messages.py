"""A node acts on a call that bears a token as a message alone: for it, unaltered, from whose token it is, and once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from schemas.trust import keys
from schemas.trust.message import LEEWAY, LIFETIME, Message, sign
from schemas.wire import headers as names
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import (
    ASKER,
    GATEWAY,
    Trust,
    client_of,
    make_settings,
    make_trust,
    running,
)
from tests.services.engine.api.logged import entries_of
from tests.services.engine.log.desk import full_disk

_CASES = yaml.safe_load(Path(__file__).with_name("messages.yaml").read_text())
_VEHICLES = f"/records/{office.KIND}/vehicles"
_STRANGER = keys.new_key()
_LONG = "{3000 x A}"


@dataclass(frozen=True)
class Said:
    """A call that somebody signs, and sends as it is or as somebody else made it."""

    headers: dict[str, str]
    method: str = "POST"
    path: str = f"{_VEHICLES}/query"
    query: str = ""
    body: bytes = b'{"select": "plate"}'
    signature: dict[str, str] = field(default_factory=dict)

    def signed(self, key: keys.KeyPair, now: datetime | None = None) -> "Said":
        lower = {name.lower(): value for name, value in self.headers.items()}
        message = Message(self.method, self.path, self.query, lower, self.body)
        return replace(self, signature=sign(message, key, now or datetime.now(UTC)))

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        address = f"{self.path}?{self.query}" if self.query else self.path
        sent = [(name.encode(), value.encode("latin-1")) for name, value in self._sent().items()]
        return await client.request(self.method, address, headers=sent, content=self.body)

    def changed(self, case: dict[str, Any]) -> "Said":
        """What a case makes of it."""
        given = {
            name.lower(): value.replace(_LONG, "A" * 3_000) for name, value in case.get("set", {}).items()
        }
        dropped = {name.lower() for name in case.get("drop", ())}
        kept = {name: value for name, value in self._sent().items() if name not in dropped}
        return Said(
            {**kept, **given},
            case.get("method", self.method),
            case.get("path", self.path),
            case.get("query", self.query),
            case.get("body", self.body.decode()).encode(),
        )

    def _sent(self) -> dict[str, str]:
        return {name.lower(): value for name, value in {**self.headers, **self.signature}.items()}


def _asked(trust: Trust, **further: str) -> Said:
    """A call for this node, unless `further` says otherwise; what is empty is left out."""
    to = {names.NODE: office.OWNER, names.QUESTION: "q-1", "content-type": names.JSON}
    said = {**trust.headers(ASKER), **to, **further}
    return Said({name: value for name, value in said.items() if value})


def _own(trust: Trust) -> keys.KeyPair:
    return trust.systems[f"{ASKER}/window"]


async def _code(call: Said, client: httpx.AsyncClient) -> tuple[int, str]:
    answer = await call.send(client)
    said = answer.json() if answer.content and answer.is_error else {}
    return answer.status_code, said.get("reason", said.get("code", ""))


@dataclass(frozen=True)
class Shared:
    """One node for all cases, for none of them leaves anything."""

    anonymous: httpx.AsyncClient
    trust: Trust
    settings: Settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    folder = tmp_path_factory.mktemp("office")
    trust = make_trust(folder / "trust")
    settings = make_settings(folder, trust)
    async with running(create_app(office.DEPARTMENT, settings)) as client:
        yield Shared(client, trust, settings)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(case["name"]).replace(" ", "-"))
async def test_what_is_no_message_for_this_node_is_refused(case: dict[str, Any], shared: Shared) -> None:
    trust = shared.trust
    how = case.get("sign", {})
    key = {"nobody": _STRANGER, **trust.systems}[how.get("by", f"{ASKER}/window")]
    asked = _asked(trust, **({names.NODE: how["node"]} if "node" in how else {}))
    asked = asked.changed(case.get("of", {}))
    asked = asked.signed(key, datetime.now(UTC) + timedelta(seconds=how.get("seconds", 0)))
    answer = await asked.changed(case).send(shared.anonymous)
    assert answer.status_code == 401
    if case.get("method") != "HEAD":
        assert (answer.json()["code"], answer.json()["reason"]) == ("bad-message", case["reason"])
    assert entries_of(shared.settings) == []


async def test_a_message_is_answered_and_entered_by_its_name(
    anonymous: httpx.AsyncClient, trust: Trust, settings: Settings
) -> None:
    asked = _asked(trust).signed(_own(trust))
    assert await _code(asked, anonymous) == (200, "")
    [entry] = entries_of(settings)
    key_id, nonce, until_ = entry["message"].split(":")
    assert key_id == _own(trust).key_id
    assert nonce in asked.signature["signature-input"]
    assert 0 < int(until_) - datetime.now(UTC).timestamp() <= (LIFETIME + LEEWAY).total_seconds()


async def test_a_gateway_sends_on_what_bears_anothers_token_for_a_node_that_it_names(
    anonymous: httpx.AsyncClient, trust: Trust, settings: Settings
) -> None:
    asked = _asked(trust, **{names.NODE: settings.node_id}).signed(trust.systems[GATEWAY])
    assert await _code(asked, anonymous) == (200, "")
    assert entries_of(settings)[0]["system"] == f"{ASKER}/window"


async def test_a_gateway_writes_for_nobody(
    anonymous: httpx.AsyncClient, owner: httpx.AsyncClient, trust: Trust, settings: Settings
) -> None:
    body = b'{"plate": "B2", "colour": "red"}'
    said = {**trust.headers(office.OWNER), names.NODE: settings.node_id, "content-type": names.JSON}
    made = Said(said, path=_VEHICLES, body=body).signed(trust.systems[GATEWAY])
    assert await _code(made, anonymous) == (401, "wrong-sender")
    assert (await owner.get(f"{_VEHICLES}/B2")).status_code == 404
    assert (
        await owner.post(_VEHICLES, content=body, headers={"content-type": names.JSON})
    ).status_code == 201


async def test_every_kind_of_call_is_a_message_or_refused(
    anonymous: httpx.AsyncClient, member: httpx.AsyncClient, owner: httpx.AsyncClient, trust: Trust
) -> None:
    claim = {"where": {"plate": "A00"}, "claims": {"seats": 2}}
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"{_VEHICLES}?limit=1", None),
        ("HEAD", _VEHICLES, None),
        ("GET", f"{_VEHICLES}/A00?select=plate", None),
        ("POST", f"{_VEHICLES}/query", {"limit": 1}),
        ("POST", f"{_VEHICLES}/lookup", {"by": "plate", "keys": ["A00"], "select": "plate"}),
        ("POST", f"{_VEHICLES}/verify", claim),
    ]
    for method, address, body in calls:
        sent = {"json": body} if body is not None else {}
        assert (await member.request(method, address, **sent)).is_success, address
        unsigned = await anonymous.request(method, address, headers=trust.headers(ASKER), **sent)
        assert unsigned.status_code == 401, address
    made = await owner.post(_VEHICLES, json={"plate": "B1", "colour": "red"})
    assert made.status_code == 201, made.text
    unsigned = await anonymous.delete(
        f"{_VEHICLES}/B1", headers={**trust.headers(office.OWNER), "If-Match": "*"}
    )
    assert unsigned.json()["reason"] == "missing"


async def test_open_items_need_no_message_and_a_signature_is_checked_wherever_it_is(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    plain = Said({}, "GET", _VEHICLES, "select=plate&limit=1", b"")
    assert await _code(plain, anonymous) == (200, "")
    assert await _code(plain.signed(_own(trust)), anonymous) == (401, "not-for-us")
    plain = replace(plain, headers={names.NODE: office.OWNER})
    assert await _code(plain.signed(_STRANGER), anonymous) == (401, "unknown-key")
    signed = plain.signed(_own(trust))
    assert [await _code(signed, anonymous) for _ in range(2)] == [(200, ""), (401, "replayed")]


async def test_where_messages_are_not_required_those_that_come_are_checked(
    settings: Settings, trust: Trust
) -> None:
    lenient = settings.model_copy(update={"require_messages": False})
    async with running(create_app(office.DEPARTMENT, lenient)) as client:
        asked = _asked(trust)
        assert await _code(asked, client) == (200, "")
        signed = asked.signed(_own(trust))
        assert await _code(signed.changed({"body": "{}"}), client) == (401, "altered")
        assert [await _code(signed, client) for _ in range(2)] == [(200, ""), (401, "replayed")]


async def test_a_bad_token_is_a_bad_token_however_it_is_signed(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    forged = _asked(trust, Authorization="Bearer e30.e30.e30").signed(_own(trust))
    assert (await forged.send(anonymous)).json()["code"] == "bad-token"


async def test_a_message_is_acted_on_once_even_when_it_comes_twice_at_the_same_moment(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    asked = _asked(trust).signed(_own(trust))
    found = await asyncio.gather(*(_code(asked, anonymous) for _ in range(5)))
    assert sorted(found) == [(200, "")] + [(401, "replayed")] * 4


async def test_a_message_that_was_refused_is_not_taken_a_second_time(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    asked = replace(_asked(trust), body=b'{"select": "owner_id"}').signed(_own(trust))
    found = [await _code(asked, anonymous) for _ in range(2)]
    assert found == [(403, "grant-required"), (401, "replayed")]


async def test_what_a_node_answered_before_its_restart_it_answers_to_nobody_again(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    asked = _asked(trust).signed(_own(trust))
    async with running(create_app(office.DEPARTMENT, settings, clock=clock)) as client:
        assert await _code(asked, client) == (200, "")
    async with running(create_app(office.DEPARTMENT, settings, clock=clock)) as client:
        assert await _code(asked, client) == (401, "replayed")
    clock.now += LIFETIME + LEEWAY
    async with running(create_app(office.DEPARTMENT, settings, clock=clock)) as client:
        assert await _code(asked, client) == (401, "expired")


async def test_a_service_that_takes_over_a_log_knows_what_was_answered_until_then(
    settings: Settings, trust: Trust
) -> None:
    first, second = (create_app(office.DEPARTMENT, settings) for _ in range(2))
    late = _asked(trust).signed(_own(trust))
    async with AsyncExitStack() as ends_first:
        client = await ends_first.enter_async_context(running(first))
        async with running(second) as taking_over:
            assert await _code(_asked(trust).signed(_own(trust)), taking_over) == (503, "log-unavailable")
            assert await _code(late, client) == (200, "")
            await ends_first.aclose()
            assert await _code(late, taking_over) == (401, "replayed")
            assert await _code(_asked(trust).signed(_own(trust)), taking_over) == (200, "")


async def test_while_nobody_knows_what_came_no_message_is_taken(settings: Settings, trust: Trust) -> None:
    asked = _asked(trust).signed(_own(trust))
    with full_disk(10):
        made = create_app(office.DEPARTMENT, settings)
        async with made.router.lifespan_context(made), client_of(made, {}) as client:
            assert await _code(asked, client) == (503, "log-unavailable")
