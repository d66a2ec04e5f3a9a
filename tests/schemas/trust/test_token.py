"""Tokens: what is accepted, and for what reason everything else is refused."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import keys, registry, token
from schemas.trust.keys import KeyPair
from schemas.trust.model import Caller, Role
from schemas.wire.problem import Problem

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_KEY = keys.new_key()
_OTHER = keys.new_key()
_STRANGER = keys.new_key()
_REGISTRY = registry.from_document(
    {
        "number": 3,
        "expires": (_NOW + timedelta(days=30)).isoformat(),
        "members": [
            {"id": "330200.taxation", "system": "tax-desk", "keys": {_KEY.key_id: _KEY.public_hex}},
            {"id": "330200.credit", "system": "credit-desk", "keys": {_OTHER.key_id: _OTHER.public_hex}},
        ],
    }
)


def _made(key: KeyPair = _KEY, **more: Any) -> str:
    return token.make(key, system="tax-desk", member="330200.taxation", now=more.pop("now", _NOW), **more)


def _signed(key: KeyPair = _KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A token with other claims; None takes a claim away."""
    claims = {
        "iss": "tax-desk",
        "sub": "tax-desk",
        "member": "330200.taxation",
        "aud": "langqiao",
        "iat": int(_NOW.timestamp()),
        "exp": int(_NOW.timestamp()) + 300,
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.PyJWS().encode(
        orjson.dumps(kept), key.private, "EdDSA", headers={"kid": key.key_id, **(header or {})}
    )


def _segment(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def _unsigned(algorithm: str) -> str:
    _, claims, _ = _made().split(".")
    return f"{_segment({'alg': algorithm, 'kid': _KEY.key_id})}.{claims}."


def _by_shared_secret() -> str:
    """The old trick: the public key as the secret of a symmetric signature."""
    return jwt.encode(
        {"iss": "tax-desk"}, bytes.fromhex(_KEY.public_hex), "HS256", headers={"kid": _KEY.key_id}
    )


def _reason(text: str, now: datetime = _NOW) -> str:
    with pytest.raises(Problem) as refused:
        token.check(text, _REGISTRY, now)
    assert refused.value.code == "bad-token"
    assert len(text) < 20 or text not in str(refused.value.as_json())
    return str(refused.value.members["reason"])


def test_a_token_says_who_calls_and_until_when() -> None:
    checked = token.check(_made(), _REGISTRY, _NOW)
    assert checked == token.Checked(Caller("330200.taxation", "tax-desk"), _NOW + timedelta(minutes=10))


def test_a_token_says_for_which_other_member_its_system_acts() -> None:
    checked = token.check(_made(on_behalf="330200.credit"), _REGISTRY, _NOW)
    assert checked.caller == Caller("330200.taxation", "tax-desk", on_behalf="330200.credit")
    assert (checked.caller.principal, Caller("330200.taxation").principal) == (
        "330200.credit",
        "330200.taxation",
    )


_OF_ROLES = {role: keys.new_key() for role in Role}
_ROLES = registry.from_document(
    {
        "number": 1,
        "expires": (_NOW + timedelta(days=30)).isoformat(),
        "members": [
            {"id": "330200.taxation", "system": role, "role": role, "keys": {key.key_id: key.public_hex}}
            for role, key in _OF_ROLES.items()
        ],
    }
)
#: Whose keys sign what they are for, and never a call.
_SILENT = (Role.GATEWAY, Role.REGISTRAR, Role.OFFICE)


@pytest.mark.parametrize("role", _SILENT)
def test_a_key_that_is_for_something_else_makes_no_token(role: Role) -> None:
    made = token.make(_OF_ROLES[role], system=role, member="330200.taxation", now=_NOW)
    for check in (token.check, token.TokenCache().check):
        with pytest.raises(Problem) as refused:
            check(made, _ROLES, _NOW)
        assert (refused.value.code, refused.value.members["reason"]) == ("bad-token", "wrong-role")


@pytest.mark.parametrize("role", sorted(set(Role) - set(_SILENT)))
def test_a_system_that_makes_calls_of_its_own_makes_tokens_whatever_it_is(role: Role) -> None:
    made = token.make(_OF_ROLES[role], system=role, member="330200.taxation", now=_NOW)
    assert token.check(made, _ROLES, _NOW).caller == Caller("330200.taxation", role)


def test_a_token_is_good_until_its_last_second_and_for_clocks_a_little_behind() -> None:
    token.check(_made(), _REGISTRY, _NOW + timedelta(minutes=10, seconds=-1))
    token.check(_made(), _REGISTRY, _NOW - timedelta(seconds=30))


_SECONDS = int(_NOW.timestamp())
_REFUSED: dict[str, tuple[str, Callable[[], str]]] = {
    "of no text": ("malformed", str),
    "of other text": ("malformed", lambda: "a.b.c"),
    "of letters beyond ASCII": ("malformed", lambda: _made() + "证"),
    "of bytes that are no text": ("malformed", lambda: _made() + "\udcff"),
    "too large": ("malformed", lambda: _made() + "A" * 4096),
    "cut short": ("malformed", lambda: _made().rpartition(".")[0]),
    "cut within its signature": ("bad-signature", lambda: _made()[:-2]),
    "with the algorithm none": ("malformed", lambda: _unsigned("none")),
    "with the algorithm None": ("malformed", lambda: _unsigned("None")),
    "with the algorithm of another suite and no signature": ("malformed", lambda: _unsigned("HS256")),
    "signed with the public key as a secret": ("malformed", _by_shared_secret),
    "with a key id that is no text": ("malformed", lambda: f"{_segment({'alg': 'EdDSA', 'kid': 5})}.e30.e30"),
    "without a key id": ("unknown-key", lambda: _signed(header={"kid": ""})),
    "by a key that nobody registered": ("unknown-key", lambda: _made(_STRANGER)),
    "by one key under another's id": ("bad-signature", lambda: _signed(_STRANGER, {"kid": _KEY.key_id})),
    "by another member's key": ("unknown-key", lambda: _made(_OTHER)),
    "for another member": ("unknown-key", lambda: _signed(member="330200.credit")),
    "of another subject": ("unknown-key", lambda: _signed(sub="credit-desk")),
    "for another audience": ("wrong-audience", lambda: _signed(aud="elsewhere")),
    "for several other audiences": ("wrong-audience", lambda: _signed(aud=["elsewhere", "there"])),
    "without an audience": ("malformed", lambda: _signed(aud=None)),
    "without an end": ("malformed", lambda: _signed(exp=None)),
    "without a beginning": ("malformed", lambda: _signed(iat=None)),
    "without a member": ("malformed", lambda: _signed(member=None)),
    "with a member that is no text": ("malformed", lambda: _signed(member=["330200.taxation"])),
    "for another one that is no text": ("malformed", lambda: _signed(on_behalf=["330200.credit"])),
    "with an end that is a text": ("malformed", lambda: _signed(exp="never")),
    "with an end that is a truth": ("malformed", lambda: _signed(exp=True)),
    "with a beginning that is a fraction": ("malformed", lambda: _signed(iat=_SECONDS + 0.5)),
    "with a not-before that is a text": ("malformed", lambda: _signed(nbf="now")),
    "ended": ("expired", lambda: _made(now=_NOW - timedelta(minutes=10))),
    "ended this second": ("expired", lambda: _signed(iat=_SECONDS - 60, exp=_SECONDS)),
    "not begun": ("not-yet-valid", lambda: _made(now=_NOW + timedelta(seconds=31))),
    "not to be used yet": ("not-yet-valid", lambda: _signed(nbf=_SECONDS + 60)),
    "too long lived": ("too-long-lived", lambda: _made(lifetime=timedelta(minutes=10, seconds=1))),
    "that lives for ever": ("too-long-lived", lambda: _signed(exp=2**62)),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_a_token_is_refused_for_a_stable_reason(what: str) -> None:
    reason, made = _REFUSED[what]
    assert _reason(made()) == reason


def test_no_token_is_good_once_the_registry_has_expired() -> None:
    late = _NOW + timedelta(days=30)
    assert _reason(_made(now=late), late) == "registry-expired"


@given(st.integers(0, 400), st.characters(max_codepoint=127))
def test_a_token_with_one_other_character_is_refused_or_the_same(place: int, character: str) -> None:
    text = _made()
    place %= len(text)
    other = text[:place] + character + text[place + 1 :]
    try:
        checked = token.check(other, _REGISTRY, _NOW)
    except Problem as refused:
        assert refused.code == "bad-token"  # noqa: PT017
        return
    assert checked.caller.member == "330200.taxation"
    # Only the last character of a segment may differ, in bits that carry nothing.
    assert other == text or text[place + 1 : place + 2] in ("", ".")


@given(st.text(max_size=60) | st.lists(st.text(max_size=12), min_size=3, max_size=3).map(".".join))
def test_any_text_is_refused(text: str) -> None:
    assert _reason(text) in ("malformed", "unknown-key")


def test_a_token_seen_before_is_known_until_it_ends() -> None:
    cache = token.TokenCache()
    text = _made()
    assert cache.check(text, _REGISTRY, _NOW) == cache.check(text, _REGISTRY, _NOW + timedelta(minutes=9))
    with pytest.raises(Problem, match="expired"):
        cache.check(text, _REGISTRY, _NOW + timedelta(minutes=10))


@pytest.mark.parametrize("number", [3, 4])
def test_a_token_seen_before_is_forgotten_with_the_member(number: int) -> None:
    cache = token.TokenCache()
    text = _made()
    cache.check(text, _REGISTRY, _NOW)
    document = registry.to_document(_REGISTRY, _NOW)
    without = registry.from_document(document | {"number": number, "members": document["members"][1:]})
    with pytest.raises(Problem, match="unknown-key"):
        cache.check(text, without, _NOW)


def test_a_cache_holds_no_more_than_its_size_and_no_token_itself() -> None:
    cache = token.TokenCache(size=2)
    texts = [_signed(jti=str(number)) for number in range(5)]
    for text in texts:
        cache.check(text, _REGISTRY, _NOW)
    assert len(cache._known) == 2
    assert not any(text in repr(cache) for text in texts)


def test_a_cache_refuses_what_a_check_refuses() -> None:
    cache = token.TokenCache()
    for text in ("", "\udcff", "a" * 5_000):
        with pytest.raises(Problem, match="malformed"):
            cache.check(text, _REGISTRY, _NOW)
