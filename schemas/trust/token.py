"""Tokens: a system says who it is, for ten minutes at most; made by callers, checked by every node."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson

from schemas.trust import jose
from schemas.trust.keys import KeyPair
from schemas.trust.model import Caller
from schemas.trust.registry import Registry
from schemas.wire.problem import Problem

AUDIENCE = "langqiao"
LONGEST = timedelta(minutes=10)
_LEEWAY = timedelta(seconds=30)
_LONGEST_TEXT = 4096
_CLAIMS = ("iss", "sub", "member", "aud", "iat", "exp")


def make(
    key: KeyPair,
    *,
    system: str,
    member: str,
    now: datetime,
    lifetime: timedelta = LONGEST,
    on_behalf: str | None = None,
) -> str:
    """A token of a member's system, signed by its key; it serves many calls. `on_behalf` is the member that it acts for
    in them, where that is another one."""
    claims = {
        "iss": system,
        "sub": system,
        "member": member,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "jti": secrets.token_hex(8),
    }
    if on_behalf is not None:
        claims["on_behalf"] = on_behalf
    return jose.encode(orjson.dumps(claims), key)


@dataclass(frozen=True, slots=True)
class Checked:
    """Who a token speaks for, and until when."""

    caller: Caller
    expires: datetime


def check(token: str, registry: Registry, now: datetime) -> Checked:
    """Who the token speaks for (officer and purpose are the call's to add); Problem bad-token with a `reason`."""
    if len(token) > _LONGEST_TEXT or not token.isascii():
        raise refused("malformed")
    if now >= registry.expires:
        raise refused("registry-expired")
    found = registry.key(_key_id(token), now)
    if found is None:
        raise refused("unknown-key")
    member, public = found
    claims = _claims(token, public)
    check_times(claims, LONGEST, now)
    if claims["iss"] != member.system or claims["sub"] != member.system or claims["member"] != member.id:
        raise refused("unknown-key")
    if not member.role.asks:
        raise refused("wrong-role")
    caller = Caller(member.id, member.system, on_behalf=claims.get("on_behalf"))
    expires = datetime.fromtimestamp(claims["exp"], UTC)
    return Checked(caller, min(expires, member.until.get(_key_id(token), expires)))


def refused(reason: str) -> Problem:
    return Problem("bad-token", f"the token is refused: {reason}", members={"reason": reason})


def _key_id(token: str) -> str:
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.PyJWTError:
        raise refused("malformed") from None


def _claims(token: str, public: str) -> dict[str, Any]:
    """The signed claims; times are judged by us alone, so that the clock is the caller's to give."""
    try:
        claims = orjson.loads(jose.decode(token, public))
    except jwt.InvalidSignatureError:
        raise refused("bad-signature") from None
    except (jwt.PyJWTError, orjson.JSONDecodeError):
        raise refused("malformed") from None
    if not isinstance(claims, dict) or any(claims.get(name) is None for name in _CLAIMS):
        raise refused("malformed")
    audience = claims["aud"]
    if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise refused("wrong-audience")
    whole = all(type(claims.get(name, 0)) is int for name in ("iat", "exp", "nbf"))
    texts = [claims[name] for name in ("iss", "sub", "member")] + [claims.get("on_behalf", "")]
    if not whole or not all(isinstance(one, str) for one in texts):
        raise refused("malformed")
    return claims


def check_times(claims: Mapping[str, Any], longest: timedelta, now: datetime) -> None:
    """Problem bad-token unless a token with these whole numbers of seconds is good now, and for no longer."""
    moment, leeway = now.timestamp(), _LEEWAY.total_seconds()
    if claims["exp"] - claims["iat"] > longest.total_seconds():
        raise refused("too-long-lived")
    if claims["iat"] > moment + leeway or claims.get("nbf", 0) > moment + leeway:
        raise refused("not-yet-valid")
    if claims["exp"] <= moment:
        raise refused("expired")


@dataclass(slots=True)
class TokenCache:
    """Remembers checked tokens until they expire, as a token serves many calls; forgets all on a new registry."""

    size: int = 10_000
    _registry: Registry | None = None
    _known: OrderedDict[bytes, Checked] = field(default_factory=OrderedDict)

    def check(self, token: str, registry: Registry, now: datetime) -> Caller:
        """As `check`, at the cost of a hash when the token was seen before."""
        if registry is not self._registry:
            self._known.clear()
            self._registry = registry
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        known = self._known.get(digest)
        if known is not None and now < min(known.expires, registry.expires):
            return known.caller
        known = check(token, registry, now)
        self._known[digest] = known
        if len(self._known) > self.size:
            self._known.popitem(last=False)
        return known.caller
