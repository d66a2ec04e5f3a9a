"""Tokens of an OIDC issuer that a node trusts beside the systems' own keys: checked against the keys that the issuer
publishes; used by a node's gate.

The issuer says which of its clients is calling, and may say who the acting person is. Which system of which member that
client is, says the registry. Keys are public ones of the algorithms named here, and each is good for its own alone.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
import orjson

from schemas.trust.model import Caller
from schemas.trust.registry import Registry
from schemas.trust.token import check_times, refused

ALGORITHMS = ("EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
#: Issuers make longer tokens than systems do; past this they are no access tokens any more.
LONGEST = timedelta(hours=1)
_LONGEST_TEXT = 4_096
#: Of a published set: its size in bytes, and how many keys of it are read.
LARGEST_SET, _MOST_KEYS = 256 * 1024, 100
_LEAST_RSA_BITS = 2_048
_REQUIRED = ["iss", "aud", "iat", "exp"]
_OPTIONS = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": _REQUIRED}

Keys = Mapping[str, jwt.PyJWK]


class BadKeys(ValueError):
    """These bytes are no set of an issuer's keys."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """`name` is its tokens' `iss`, `audience` what they must be for. `officer_claim` names the acting person, None: the
    call itself does, as beside a system's own token."""

    name: str
    audience: str
    officer_claim: str | None = None


def read_keys(document: bytes) -> Keys:
    """The keys of a JWK set by key id. Those that are for something else, weak, private, of another kind or without an
    id are left out. Raises BadKeys where it is no such set."""
    try:
        listed = orjson.loads(document)["keys"] if len(document) <= LARGEST_SET else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        listed = None
    if not isinstance(listed, list):
        raise BadKeys("no JWK set")
    found = (_key(one) for one in listed[:_MOST_KEYS] if isinstance(one, dict))
    return {str(one.key_id): one for one in found if one is not None}


def names_issuer(token: str, issuer: Issuer) -> bool:
    """Whether a token says that it is this issuer's, whoever made it."""
    return len(token) <= _LONGEST_TEXT and _unchecked(token).get("iss") == issuer.name


def key_id_of(token: str) -> str:
    """The id of the key that a token names; empty when it names none."""
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError:
        return ""


def check(token: str, issuer: Issuer, keys: Keys, registry: Registry, now: datetime) -> Caller:
    """Who the token speaks for, with the officer where the issuer names one; Problem bad-token with a `reason`."""
    if len(token) > _LONGEST_TEXT or not token.isascii():
        raise refused("malformed")
    if now >= registry.expires:
        raise refused("registry-expired")
    key = keys.get(key_id_of(token))
    if key is None:
        raise refused("unknown-key")
    claims = _claims(token, issuer, key)
    check_times(claims, LONGEST, now)
    member = registry.client(issuer.name, _text(claims, "client_id" if "client_id" in claims else "azp"))
    if member is None:
        raise refused("unknown-key")
    if not member.role.asks:
        raise refused("wrong-role")
    officer = None if issuer.officer_claim is None else _text(claims, issuer.officer_claim)
    return Caller(member.id, member.system, officer)


def _claims(token: str, issuer: Issuer, key: jwt.PyJWK) -> dict[str, Any]:
    """The signed claims; times are judged by us alone, so that the clock is the caller's to give."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            options=_OPTIONS,  # type: ignore[arg-type]
            audience=issuer.audience,
            issuer=issuer.name,
        )
    except jwt.InvalidSignatureError:
        raise refused("bad-signature") from None
    except jwt.InvalidAudienceError:
        raise refused("wrong-audience") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise refused("malformed") from None
    if not all(type(claims.get(name, 0)) is int for name in ("iat", "exp", "nbf")):
        raise refused("malformed")
    return dict(claims)


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not found:
        raise refused("malformed")
    return found


def _key(said: dict[str, Any]) -> jwt.PyJWK | None:
    unfit = said.get("use", "sig") != "sig" or said.get("alg") not in (None, *ALGORITHMS) or "d" in said
    if unfit or not isinstance(said.get("kid"), str):
        return None
    try:
        key = jwt.PyJWK(said)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    weak = getattr(key.key, "key_size", _LEAST_RSA_BITS) < _LEAST_RSA_BITS and said.get("kty") == "RSA"
    return None if weak or key.algorithm_name not in ALGORITHMS else key


def _unchecked(token: str) -> Mapping[str, Any]:
    try:
        payload = token.split(".")[1]
        found = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}
