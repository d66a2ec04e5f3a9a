"""Tokens of an OIDC issuer: whom they speak for, and every way in which one is refused."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import issued, registry
from schemas.trust.issued import BadKeys, Issuer
from schemas.trust.keys import new_key
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem
from tests.issuer import CLIENT, NAME, OpenIdIssuer, key_of

_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_SECONDS = int(_NOW.timestamp())
_KEY = new_key()
_SYSTEM, _MEMBER = "330200.approvals/window", "330200.approvals"
_ISSUER, _WITH_OFFICER = Issuer(NAME, "langqiao"), Issuer(NAME, "langqiao", "sub")
_MADE, _STRANGER = OpenIdIssuer(), OpenIdIssuer()
_KEYS = issued.read_keys(_MADE.published())


def _line(system: str = _SYSTEM, **further: Any) -> dict[str, Any]:
    key = _KEY if system == _SYSTEM else new_key()
    return {"id": _MEMBER, "system": system, "keys": {key.key_id: key.public_hex}, **further}


def _registry(*lines: dict[str, Any]) -> registry.Registry:
    dates = {"number": 1, "issued": _NOW.isoformat(), "expires": (_NOW + timedelta(days=1)).isoformat()}
    return registry.from_document({**dates, "members": list(lines)})


_REGISTRY = _registry(_line(clients={NAME: CLIENT}))


def _reason(text: str, issuer: Issuer = _ISSUER, now: datetime = _NOW) -> str:
    with pytest.raises(Problem) as refused:
        issued.check(text, issuer, _KEYS, _REGISTRY, now)
    assert (refused.value.code, refused.value.status) == ("bad-token", 401)
    return str(refused.value.members["reason"])


@pytest.mark.parametrize("algorithm", issued.ALGORITHMS)
def test_a_token_speaks_for_the_system_that_the_registry_lists_as_its_client(algorithm: str) -> None:
    made = OpenIdIssuer({"k": (algorithm, key_of(algorithm))})
    caller = issued.check(made.token(_NOW, "k"), _ISSUER, issued.read_keys(made.published()), _REGISTRY, _NOW)
    assert (caller.member, caller.system, caller.officer) == (_MEMBER, _SYSTEM, None)


@pytest.mark.parametrize("role", ["gateway", "registrar", "office"])
def test_a_client_whose_own_key_makes_no_token_has_none_of_an_issuer(role: str) -> None:
    known = _registry(_line(clients={NAME: CLIENT}, role=role))
    with pytest.raises(Problem) as refused:
        issued.check(_MADE.token(_NOW), _ISSUER, _KEYS, known, _NOW)
    assert (refused.value.code, refused.value.members["reason"]) == ("bad-token", "wrong-role")


def test_the_officer_is_who_the_issuer_says() -> None:
    caller = issued.check(_MADE.token(_NOW), _WITH_OFFICER, _KEYS, _REGISTRY, _NOW)
    assert caller.officer == "f3a1"


def test_a_client_is_named_by_client_id_before_azp() -> None:
    text = _MADE.token(_NOW, client_id=CLIENT, azp="another")
    assert issued.check(text, _ISSUER, _KEYS, _REGISTRY, _NOW).system == _SYSTEM


def test_a_token_for_several_is_for_us_too() -> None:
    assert issued.check(_MADE.token(_NOW, aud=["account", "langqiao"]), _ISSUER, _KEYS, _REGISTRY, _NOW)


def _by_shared_secret() -> str:
    """What a checker that lets the token choose its algorithm would take: HMAC under the published key."""
    head = _segment({"alg": "HS256", "kid": "k1"})
    body = _MADE.token(_NOW).split(".")[1]
    mark = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{head}.{body}".encode(), _MADE.published()
    )
    return f"{head}.{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _segment(said: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(said)).rstrip(b"=").decode()


def _unsigned(algorithm: str) -> str:
    return f"{_segment({'alg': algorithm, 'kid': 'k1'})}.{_MADE.token(_NOW).split('.')[1]}."


_REFUSED: dict[str, tuple[str, Callable[[], str]]] = {
    "of other text": ("unknown-key", lambda: "a.b.c"),
    "too large": ("malformed", lambda: _MADE.token(_NOW) + "A" * 4_096),
    "cut short": ("unknown-key", lambda: _MADE.token(_NOW).rpartition(".")[0]),
    "with the algorithm none": ("malformed", lambda: _unsigned("none")),
    "with the algorithm of a shared secret": ("malformed", lambda: _unsigned("HS256")),
    "signed with the published key as a secret": ("malformed", _by_shared_secret),
    "that says another algorithm than its key's": ("malformed", lambda: _unsigned("RS256")),
    "by a key that is not published": ("unknown-key", lambda: _MADE.token(_NOW, header={"kid": "k9"})),
    "without a key id": ("unknown-key", lambda: _MADE.token(_NOW, header={"kid": ""})),
    "by another's key under a published id": ("bad-signature", lambda: _STRANGER.token(_NOW)),
    "that brings its own key": (
        "bad-signature",
        lambda: _STRANGER.token(_NOW, header={"jwk": orjson.loads(_STRANGER.published())["keys"][0]}),
    ),
    "of another issuer": ("malformed", lambda: _MADE.token(_NOW, iss="https://elsewhere.example")),
    "for another audience": ("wrong-audience", lambda: _MADE.token(_NOW, aud="account")),
    "without an audience": ("malformed", lambda: _MADE.token(_NOW, aud=None)),
    "without an end": ("malformed", lambda: _MADE.token(_NOW, exp=None)),
    "without a beginning": ("malformed", lambda: _MADE.token(_NOW, iat=None)),
    "with an end that is a fraction": ("malformed", lambda: _MADE.token(_NOW, exp=_SECONDS + 0.5)),
    "of a client that nobody registered": ("unknown-key", lambda: _MADE.token(_NOW, azp="another")),
    "of no client": ("malformed", lambda: _MADE.token(_NOW, azp=None)),
    "of a client that is no text": ("malformed", lambda: _MADE.token(_NOW, azp=[CLIENT])),
    "ended": ("expired", lambda: _MADE.token(_NOW - timedelta(minutes=5))),
    "not begun": ("not-yet-valid", lambda: _MADE.token(_NOW + timedelta(seconds=31))),
    "not to be used yet": ("not-yet-valid", lambda: _MADE.token(_NOW, nbf=_SECONDS + 60)),
    "too long lived": ("too-long-lived", lambda: _MADE.token(_NOW, exp=_SECONDS + 3_601)),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_a_token_is_refused_for_a_stable_reason(what: str) -> None:
    reason, made = _REFUSED[what]
    assert _reason(made()) == reason


def test_where_officers_are_the_issuers_a_token_that_names_none_is_refused() -> None:
    assert _reason(_MADE.token(_NOW, sub=None), _WITH_OFFICER) == "malformed"
    assert _reason(_MADE.token(_NOW, sub=""), _WITH_OFFICER) == "malformed"


def test_no_token_is_good_once_the_registry_has_expired() -> None:
    late = _NOW + timedelta(days=1)
    assert _reason(_MADE.token(late), now=late) == "registry-expired"


def test_a_token_says_whose_it_is() -> None:
    assert issued.names_issuer(_MADE.token(_NOW), _ISSUER)
    assert not issued.names_issuer(_MADE.token(_NOW, iss="https://elsewhere.example"), _ISSUER)


@given(st.text(max_size=60) | st.lists(st.text(max_size=12), min_size=3, max_size=3).map(".".join))
def test_any_text_is_no_token(text: str) -> None:
    assert not issued.names_issuer(text, _ISSUER)
    assert _reason(text) in ("malformed", "unknown-key")


@pytest.mark.parametrize(
    "further",
    [
        {"use": "enc"},
        {"kid": None},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"kty": "???"},
        {"crv": "P-192"},
        {"x": "A"},
        {"d": "AAAA"},
    ],
    ids=str,
)
def test_a_key_that_is_not_for_checking_tokens_is_left_out(further: dict[str, Any]) -> None:
    assert issued.read_keys(_MADE.published(**further)) == {}


def test_a_weak_key_is_left_out() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    weak = rsa.generate_private_key(65_537, 1_024)
    assert issued.read_keys(OpenIdIssuer({"k": ("RS256", weak)}).published()) == {}


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": 5}', b"{}", b"null", b" " * 300_000])
def test_what_is_no_set_of_keys_is_said_to_be_none(document: bytes) -> None:
    with pytest.raises(BadKeys):
        issued.read_keys(document)


def test_a_registry_lists_each_client_once() -> None:
    written = registry.to_document(_REGISTRY, _NOW)
    assert registry.from_document(written).client(NAME, CLIENT) is not None
    again = _line("330200.approvals/desk", clients={NAME: CLIENT})
    with pytest.raises(DocumentRefused, match="two systems"):
        _registry(_line(clients={NAME: CLIENT}), again)
    for wrong in (["a"], {NAME: ""}, {NAME: 5}):
        with pytest.raises(DocumentRefused, match="clients must be"):
            _registry(_line(clients=wrong))
