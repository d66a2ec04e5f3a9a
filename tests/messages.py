"""Clients that sign: every call that bears a token becomes a message of the token's own system; for all tests that call
nodes."""

from collections.abc import Generator, Iterable

import httpx
import jwt

from schemas.trust.keys import KeyPair
from services.client.profile import Profile
from services.client.signing import Signing


class Messages(httpx.Auth):
    """Put into a client as `auth`: signs by whichever of the keys the call's token names, and leaves other calls as
    they are."""

    requires_request_body = True

    def __init__(self, keys: Iterable[KeyPair], node: str | None = None) -> None:
        self._signing = {key.key_id: Signing(key, node=node) for key in keys}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        signing = self._signing.get(_key_of(request.headers.get("authorization", "")))
        if signing is None:
            yield request
        else:
            yield from signing.auth_flow(request)


def signing(profile: Profile) -> httpx.Auth:
    """The same for a profile, which has a key."""
    key = profile.key()
    assert key is not None
    return Messages([key])


def _key_of(authorization: str) -> str:
    """The id of the key that signed the token; empty where it is none."""
    try:
        return str(jwt.get_unverified_header(authorization.partition(" ")[2]).get("kid", ""))
    except jwt.PyJWTError:
        return ""
