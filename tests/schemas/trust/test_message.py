"""Signed messages: whatever is altered, left out, added or sent elsewhere is noticed, and nothing comes twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.trust import keys, registry
from schemas.trust.message import LEEWAY, LIFETIME, Message, MessageRefused, check, sign
from schemas.trust.replay import Replays
from schemas.wire import headers as names

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_KEY, _OTHER, _STRANGER = (keys.new_key() for _ in range(3))
_REGISTRY = registry.from_document(
    {
        "number": 1,
        "expires": (_NOW + timedelta(days=30)).isoformat(),
        "members": [
            {
                "id": "330200.gateway",
                "system": "gateway",
                "keys": {_KEY.key_id: _KEY.public_hex},
                "role": "gateway",
            },
            {"id": "330200.credit", "system": "credit-desk", "keys": {_OTHER.key_id: _OTHER.public_hex}},
        ],
    }
)
_NODE = "330203.taxation"
_ASKED = Message(
    "POST",
    "/records/taxation/taxpayers/query",
    "",
    {
        "authorization": "Bearer a.b.c",
        names.OFFICER: "officer-0017",
        names.PURPOSE: "grant:G-2026-0001",
        names.CASE: "a.b.c",
        names.QUESTION: "0123456789abcdef",
        names.DEADLINE: "1800",
        names.NODE: _NODE,
    },
    b'{"select":"name","where":"credit_code.eq.91330100MA0TEXT128"}',
)


def signed(message: Message = _ASKED, key: keys.KeyPair = _KEY, now: datetime = _NOW) -> Message:
    return replace(message, headers={**message.headers, **sign(message, key, now)})


def refused(message: Message, now: datetime = _NOW, node: str = _NODE) -> str:
    with pytest.raises(MessageRefused) as refusal:
        check(message, _REGISTRY, now, node=node)
    return refusal.value.reason


def with_header(message: Message, name: str, value: str | None) -> Message:
    kept = {one: said for one, said in message.headers.items() if one != name}
    return replace(message, headers=kept if value is None else {**kept, name: value})


def test_a_message_says_who_sent_it() -> None:
    sent = check(signed(), _REGISTRY, _NOW, node=_NODE)
    assert sent.sender.system == "gateway"
    assert sent.until == _NOW + LIFETIME + LEEWAY


_ALTERED: dict[str, Callable[[Message], Message]] = {
    "method": lambda one: replace(one, method="GET"),
    "path": lambda one: replace(one, path="/records/taxation/arrears/query"),
    "query": lambda one: replace(one, query="limit=1"),
    "token": lambda one: with_header(one, "authorization", "Bearer d.e.f"),
    "officer": lambda one: with_header(one, names.OFFICER, "officer-0018"),
    "purpose": lambda one: with_header(one, names.PURPOSE, "case:1"),
    "case": lambda one: with_header(one, names.CASE, "d.e.f"),
    "question": lambda one: with_header(one, names.QUESTION, "fedcba9876543210"),
    "deadline": lambda one: with_header(one, names.DEADLINE, "30000"),
}


@pytest.mark.parametrize("what", _ALTERED)
def test_what_decides_about_a_call_cannot_be_altered(what: str) -> None:
    assert refused(_ALTERED[what](signed())) == "bad-signature"


def test_a_body_cannot_be_altered() -> None:
    widened = replace(signed(), body=b'{"select":"*"}')
    assert refused(widened) == "altered"
    assert refused(with_header(widened, "content-digest", sign(widened, _KEY, _NOW)["content-digest"])) == (
        "bad-signature"
    )


@pytest.mark.parametrize("name", ["authorization", names.OFFICER, names.PURPOSE, names.NODE])
def test_nothing_that_was_signed_can_be_left_out(name: str) -> None:
    assert refused(with_header(signed(), name, None)) == "malformed"


def test_nothing_can_be_added_that_was_not_signed() -> None:
    assert refused(with_header(signed(), names.CONTRACT_VERSION, "2")) == "malformed"


def test_a_message_for_one_node_is_none_for_another() -> None:
    assert refused(signed(), node="330203.credit") == "not-for-us"


@pytest.mark.parametrize("key", [_KEY, _OTHER], ids=["a gateway's", "a member's"])
def test_a_message_that_names_no_node_is_for_nobody(key: keys.KeyPair) -> None:
    assert refused(signed(with_header(_ASKED, names.NODE, None), key=key)) == "not-for-us"


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (-LEEWAY - timedelta(seconds=1), "not-yet-valid"),
        (LIFETIME + LEEWAY, "expired"),
    ],
)
def test_a_message_is_of_now(age: timedelta, reason: str) -> None:
    assert refused(signed(now=_NOW - age)) == reason
    inside = age - timedelta(seconds=1) if age > timedelta() else age + timedelta(seconds=1)
    check(signed(now=_NOW - inside), _REGISTRY, _NOW, node=_NODE)


def test_strangers_and_expired_registries_vouch_for_nobody() -> None:
    assert refused(signed(key=_STRANGER)) == "unknown-key"
    assert refused(signed(now=_REGISTRY.expires), now=_REGISTRY.expires) == "unknown-key"


def test_one_members_signature_is_not_anothers() -> None:
    mine, theirs = signed(), signed(key=_OTHER)
    assert refused(with_header(mine, "signature", theirs.headers["signature"])) == "bad-signature"


@pytest.mark.parametrize("name", ["signature", "signature-input"])
@given(text=some.text(max_size=300) | some.sampled_from(["langqiao=()", "langqiao=::", "sig1=:AA==:"]))
def test_what_is_no_signature_is_refused(name: str, text: str) -> None:
    assert refused(with_header(signed(), name, text)) == "malformed"


@given(some.data())
def test_no_byte_of_a_signed_message_can_be_changed(data: some.DataObject) -> None:
    message = signed()
    name = data.draw(some.sampled_from(sorted(message.headers)))
    value = message.headers[name]
    at = data.draw(some.integers(0, len(value) - 1))
    other = data.draw(
        some.characters(min_codepoint=33, max_codepoint=126).filter(lambda one: one != value[at])
    )
    refused(with_header(message, name, value[:at] + other + value[at + 1 :]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (';alg="ed25519"', ""),
        (';alg="ed25519"', ';alg="none"'),
        (';alg="ed25519"', ';alg="hmac-sha256"'),
        (';alg="ed25519"', ';alg="ed25519";alg="ed25519"'),
        (';alg="ed25519"', ';alg="ed25519";expires=1'),
        (';tag="langqiao"', ';tag="another"'),
        (';tag="langqiao"', ""),
        (";created=", ";created=-"),
        (";created=", ";created=9999999999999"),
        (";nonce=", ";nonce="),
        ('"@method" ', ""),
        ('"@method" ', '"@method" "@method" '),
        ('"content-digest"', '"content-digest";req'),
        ("langqiao=", "other="),
    ],
)
def test_a_signature_of_another_form_is_none(before: str, after: str) -> None:
    message = signed()
    said = message.headers["signature-input"]
    changed = said.replace(before, after, 1) if before != after else said.replace('"', "'")
    assert refused(with_header(message, "signature-input", changed)) == "malformed"


def test_two_signatures_are_none() -> None:
    message = signed()
    for name in ("signature", "signature-input"):
        assert refused(with_header(message, name, ", ".join([message.headers[name]] * 2))) == "malformed"


def test_a_message_comes_once_for_as_long_as_it_could_come_again() -> None:
    replays, sent = Replays(), check(signed(), _REGISTRY, _NOW, node=_NODE)
    assert replays.first(sent, _NOW)
    assert not replays.first(sent, _NOW + LIFETIME)
    other = check(signed(now=_NOW + LIFETIME), _REGISTRY, _NOW + LIFETIME, node=_NODE)
    assert replays.first(other, sent.until)
    assert len(replays) == 1
    assert refused(signed(), now=sent.until + timedelta(seconds=1)) == "expired"


def test_what_came_before_a_restart_does_not_come_again() -> None:
    sent = check(signed(), _REGISTRY, _NOW, node=_NODE)
    replays = Replays()
    replays.remember([str(sent)])
    assert not replays.first(sent, _NOW)
