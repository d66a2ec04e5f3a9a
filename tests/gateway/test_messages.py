"""A gateway acts on a call that bears a token as a message alone: for it, unaltered, of whose token it is, and once."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.trust import keys, signed
from schemas.trust.keys import KeyPair
from schemas.trust.message import LEEWAY, LIFETIME, Message, sign
from schemas.wire import headers as names
from tests import registered
from tests.gateway.conftest import Clock, Door, member_headers, nodes_of_town, open_door

_MEMBER = "330200.approvals"
_HERE, _ABOVE, _ISSUER = "330200.gateway", "330000.gateway", "https://login.example"
_BODY = b'{"select": "code", "limit": 1}'
_AUTHORITY = keys.new_key()
_KEYS = {
    one: keys.new_key() for one in (f"{_MEMBER}/window", "330203.trade/node", _ABOVE, "330200.other/window")
}
_OWN, _NODE, _GATEWAY, _OTHER = _KEYS.values()
_STRANGER = keys.new_key()
_ROLES = {_ABOVE: {"role": "gateway"}, "330203.trade/node": {"role": "node"}}


@asynccontextmanager
async def _strict(folder: Path, **changed: Any) -> AsyncIterator[Door]:
    """A gateway that knows whose keys are whose."""
    now = Clock().now
    clients = {f"{_MEMBER}/window": {"clients": {_ISSUER: "window"}}}
    listed = [
        registered.line(one, key, **_ROLES.get(one, {}), **clients.get(one, {})) for one, key in _KEYS.items()
    ]
    dates = {"issued": now.isoformat(), "expires": (now + timedelta(days=1)).isoformat()}
    path = folder / "registry.jws"
    path.write_text(signed.sign({"number": 1, **dates, "members": listed}, _AUTHORITY))
    known: dict[str, Any] = {
        "authority_keys": {_AUTHORITY.key_id: _AUTHORITY.public_hex},
        "registry_file": path,
        "require_messages": True,
    }
    async with open_door(nodes_of_town(), **known | changed) as opened:
        yield opened


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Door]:
    async with _strict(tmp_path) as opened:
        yield opened


def _call(to: str | None = _HERE, **more: str) -> Message:
    said = {"content-type": names.JSON, **member_headers(), **({names.NODE: to} if to else {}), **more}
    lower = {name.lower(): value for name, value in said.items()}
    return Message("POST", "/records/trade/shops/query", "", lower, _BODY)


def _signed(call: Message, key: KeyPair = _OWN, age: timedelta = timedelta()) -> Message:
    return replace(call, headers={**call.headers, **sign(call, key, Clock().now - age)})


def _issued() -> dict[str, str]:
    """A token of an issuer, which names a client of its own."""
    said = urlsafe_b64encode(orjson.dumps({"iss": _ISSUER, "client_id": "window"})).decode().rstrip("=")
    return {"authorization": f"Bearer e30.{said}.x"}


async def _sent(door: Door, call: Message) -> tuple[int, str]:
    address = f"{call.path}?{call.query}" if call.query else call.path
    answer: httpx.Response = await door.anonymous.request(
        call.method, address, headers=dict(call.headers), content=call.body
    )
    return answer.status_code, answer.json().get("reason", "") if answer.is_error else ""


async def test_a_message_is_answered_once(strict: Door) -> None:
    call = _signed(_call())
    assert [await _sent(strict, call) for _ in range(3)] == [(200, "")] + [(401, "replayed")] * 2
    assert await _sent(strict, _signed(_call())) == (200, "")


_REFUSED: dict[str, tuple[Callable[[], Message], str]] = {
    "a bare token": (_call, "missing"),
    "for another gateway": (lambda: _signed(_call(_ABOVE)), "not-for-us"),
    "for nobody": (lambda: _signed(_call(None)), "not-for-us"),
    "of a stranger": (lambda: _signed(_call(), _STRANGER), "unknown-key"),
    "of another member": (lambda: _signed(_call(), _OTHER), "wrong-sender"),
    "of a node": (lambda: _signed(_call(), _NODE), "wrong-sender"),
    "with another body": (lambda: replace(_signed(_call()), body=b"{}"), "altered"),
    "with a parameter": (lambda: replace(_signed(_call()), query="limit=5"), "bad-signature"),
    "at another address": (
        lambda: replace(_signed(_call()), path="/records/licensing/permits/query"),
        "bad-signature",
    ),
    "by another officer": (
        lambda: replace(_signed(_call()), headers={**_signed(_call()).headers, names.OFFICER: "o-2"}),
        "bad-signature",
    ),
    "of long ago": (lambda: _signed(_call(), age=LIFETIME + LEEWAY), "expired"),
    "of before the start": (lambda: _signed(_call(), age=timedelta(seconds=1)), "expired"),
    "of an issuer's client, by another": (lambda: _signed(_call(**_issued()), _OTHER), "wrong-sender"),
}


@pytest.mark.parametrize("how", _REFUSED)
async def test_what_is_no_message_for_this_gateway_reaches_no_node(how: str, strict: Door) -> None:
    make, reason = _REFUSED[how]
    assert await _sent(strict, make()) == (401, reason)
    assert not any(one.calls for one in strict.nodes.values())


async def test_other_gateways_ask_for_others_and_an_issuers_client_signs_as_the_system_that_it_is(
    strict: Door,
) -> None:
    assert await _sent(strict, _signed(_call(), _GATEWAY)) == (200, "")
    assert await _sent(strict, _signed(_call(**_issued()))) == (200, "")


async def test_anybody_may_ask_unsigned_and_whatever_is_signed_counts_once(strict: Door) -> None:
    plain = Message("GET", "/records/trade/shops", "select=code&limit=1", {}, b"")
    assert [await _sent(strict, plain) for _ in range(2)] == [(200, "")] * 2
    call = _signed(replace(plain, headers={names.NODE: _HERE}))
    assert [await _sent(strict, call) for _ in range(2)] == [(200, ""), (401, "replayed")]


async def test_a_message_that_came_before_a_restart_is_refused_after_it(tmp_path: Path) -> None:
    before, after = _signed(_call(), age=timedelta(seconds=1)), _signed(_call())
    async with _strict(tmp_path, clock=Clock(Clock().now - timedelta(seconds=1))) as door:
        assert await _sent(door, before) == (200, "")
    async with _strict(tmp_path) as again:
        assert await _sent(again, before) == (401, "expired")
        assert await _sent(again, after) == (200, "")


async def test_who_knows_nobodys_keys_takes_no_members_call(tmp_path: Path) -> None:
    async with open_door(nodes_of_town(), require_messages=True) as door:
        assert await _sent(door, _signed(_call())) == (401, "unknown-key")
        assert await _sent(door, _call()) == (401, "missing")


async def test_where_none_is_required_what_is_signed_counts_once_all_the_same(tmp_path: Path) -> None:
    async with _strict(tmp_path, require_messages=False) as door:
        assert [await _sent(door, _call()) for _ in range(2)] == [(200, "")] * 2
        call = _signed(_call())
        assert [await _sent(door, call) for _ in range(2)] == [(200, ""), (401, "replayed")]
        assert await _sent(door, _signed(_call(), _OTHER)) == (401, "wrong-sender")
