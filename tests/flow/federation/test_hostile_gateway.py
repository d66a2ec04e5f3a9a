"""Whoever stands between gateway and departments, and alters, repeats or redirects a sub-call, is refused there."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from schemas.trust.keys import new_key
from schemas.trust.message import Message, sign
from schemas.wire import headers as names
from tests.flow.federation import canaries, county
from tests.flow.federation.running import Call, County

_EAST, _WEST = county.places_of("trade_office")
_STRANGER = new_key()


@pytest.fixture
def kept(runner: asyncio.Runner, county: County) -> Call:
    """A sub-call that a real gateway signed for the office of the east, and that did not arrive there."""
    runner.run(county.load(canaries.contents()))
    county.nodes.calls.clear()
    county.nodes.down = set(county.nodes.apps)
    try:
        asked = county.client.post("/records/trade_office/firms/query", json={"select": "code", "limit": 1})
        assert runner.run(asked).status_code == 503
    finally:
        county.nodes.down = set()
    return next(one for one in county.nodes.calls if one.url.startswith(f"{_EAST.url}/records/"))


async def _send(asked: County, call: Call, base_url: str = _EAST.url) -> tuple[int, str]:
    transport = httpx.ASGITransport(app=asked.nodes.apps[base_url])
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        address = call.url.removeprefix(_EAST.url)
        answer = await client.request(call.method, address, headers=dict(call.headers), content=call.body)
    said = answer.json()
    return answer.status_code, said["reason"] if answer.is_error else ""


def _with(call: Call, name: str, value: str) -> Call:
    return replace(call, headers={**call.headers, name: value})


def _without(call: Call, *gone: str) -> Call:
    return replace(call, headers={name: value for name, value in call.headers.items() if name not in gone})


def _signed_by_a_stranger(call: Call) -> Call:
    message = Message(call.method, urlsplit(call.url).path, "", call.headers, call.body)
    return replace(call, headers={**call.headers, **sign(message, _STRANGER, datetime.now(UTC))})


def test_a_sub_call_is_answered_once(runner: asyncio.Runner, county: County, kept: Call) -> None:
    assert [runner.run(_send(county, kept)) for _ in range(3)] == [(200, "")] + [(401, "replayed")] * 2


_HOSTILE: dict[str, tuple[Callable[[Call], Call], str]] = {
    "widens the body": (lambda one: replace(one, body=b"{}"), "altered"),
    "adds a parameter": (lambda one: replace(one, url=f"{one.url}?select=name"), "bad-signature"),
    "names another officer": (lambda one: _with(one, names.OFFICER, "officer-2"), "bad-signature"),
    "names another purpose": (lambda one: _with(one, names.PURPOSE, "grant:G-1"), "bad-signature"),
    "names another question": (lambda one: _with(one, names.QUESTION, "q-2"), "bad-signature"),
    "allows itself more time": (lambda one: _with(one, names.DEADLINE, "29000"), "bad-signature"),
    "names another node": (lambda one: _with(one, names.NODE, _WEST.member), "bad-signature"),
    "names no node": (lambda one: _without(one, names.NODE), "malformed"),
    "uses the token alone": (
        lambda one: _without(one, "signature", "signature-input", "content-digest"),
        "missing",
    ),
    "signs itself": (_signed_by_a_stranger, "unknown-key"),
}


@pytest.mark.parametrize("how", _HOSTILE)
def test_whoever_changes_a_sub_call_is_refused(
    how: str, runner: asyncio.Runner, county: County, kept: Call
) -> None:
    change, reason = _HOSTILE[how]
    assert runner.run(_send(county, change(kept))) == (401, reason)
    assert runner.run(_send(county, kept)) == (200, ""), "the message itself has not been used"


def test_a_sub_call_for_one_department_is_none_for_another(
    runner: asyncio.Runner, county: County, kept: Call
) -> None:
    assert runner.run(_send(county, kept, _WEST.url)) == (401, "not-for-us")
