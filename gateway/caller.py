"""Who calls, as the call's headers say, and what of them goes on to the nodes; used by every stage that asks.

The gateway reads the token without checking it: the department checks and decides. What the gateway does with it
(hold the message's sender to it, refuse early, bind cursors) can only refuse more.
"""

import base64
import binascii
from collections.abc import Mapping

import orjson

from schemas.trust.model import Caller
from schemas.trust.question import PASSED_ON
from schemas.trust.registry import Registry
from schemas.wire import headers as names
from schemas.wire.problem import Problem


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Who the call says that it is; anonymous without Authorization. Problem bad-token when it is no token at all."""
    authorization = headers.get("authorization")
    if authorization is None:
        return Caller()
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _bad("Authorization takes Bearer and a token.")
    claims = _claims(text.strip())
    return Caller(
        claims["member"],
        claims["sub"],
        headers.get(names.OFFICER, "").strip() or None,
        headers.get(names.PURPOSE) or None,
        claims.get("on_behalf"),
    )


def system_of(caller: Caller, registry: Registry) -> str | None:
    """The system whose token it says that it is, which may be a client of an issuer; None: nobody's."""
    if caller.member is None or caller.system is None:
        return None
    member = registry.client(caller.member, caller.system)
    return caller.system if member is None else member.system


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that go on to every node as they came."""
    return {name: headers[name] for name in PASSED_ON if name in headers}


def _claims(token: str) -> dict[str, str]:
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if "member" not in claims:
            # An issuer's: it names a client of its own, and nodes know from the registry whose that is.
            client = claims["client_id" if "client_id" in claims else "azp"]
            return {"member": str(claims["iss"]), "sub": str(client)}
        asked = ("member", "sub", *(("on_behalf",) if "on_behalf" in claims else ()))
        return {name: str(claims[name]) for name in asked}
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        raise _bad("The token is refused: malformed.") from None


def _bad(detail: str) -> Problem:
    return Problem("bad-token", detail, members={"reason": "malformed"})
