"""Clients that sign: every call that bears a token becomes a message of the token's own system; for all tests that call
nodes."""

from collections.abc import AsyncGenerator, Generator, Iterable

import httpx
import jwt

from schemas.trust.keys import KeyPair
from services.client.profile import Profile
from services.client.signing import Signing


class Messages(httpx.Auth):
    """Put into a client as `auth`: signs by whichever of the keys the call's token names, and leaves other calls as
    they are."""

    def __init__(self, keys: Iterable[KeyPair], node: str | None = None) -> None:
        self._signing = {key.key_id: Signing(key, node=node) for key in keys}

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield from self._of(request).sync_auth_flow(request)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        flow = self._of(request).async_auth_flow(request)
        asked = await anext(flow)
        while True:
            answer = yield asked
            try:
                asked = await flow.asend(answer)
            except StopAsyncIteration:
                return

    def _of(self, request: httpx.Request) -> httpx.Auth:
        return self._signing.get(_key_of(request.headers.get("authorization", ""))) or httpx.Auth()


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
