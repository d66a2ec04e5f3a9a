"""Signs every call of an httpx client as a message; used by `bridge`, `evidence`, and by integrators' own clients."""

import secrets
from collections.abc import Callable, Generator
from datetime import UTC, datetime

import httpx

from schemas.trust.keys import KeyPair
from schemas.trust.message import Message, sign
from schemas.wire import headers as names


def utc_now() -> datetime:
    """Security time, which nobody moves."""
    return datetime.now(UTC)


class Signing(httpx.Auth):
    """Put into a client as `auth`. `node` is the id of the node that is called, None where the address may be a
    gateway's; `key` is that of the token's own system. A call without a question id is given one, so that a gateway
    can hand it on as the question that it is."""

    requires_request_body = True

    def __init__(
        self, key: KeyPair, *, node: str | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._key, self._node, self._clock = key, node, clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._node is not None:
            request.headers[names.NODE] = self._node
        request.headers.setdefault(names.QUESTION, secrets.token_hex(8))
        request.headers.update(sign(message_of(request), self._key, self._clock()))
        yield request


def message_of(request: httpx.Request) -> Message:
    """A request as the message that it is over the wire."""
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    return Message(request.method, path, query, request.headers, request.content)
