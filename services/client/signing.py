"""Signs every call of an httpx client as a message; used by `bridge`, `evidence`, and by integrators' own clients."""

import secrets
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import orjson

from schemas.trust.keys import KeyPair
from schemas.trust.message import Message, sign
from schemas.wire import headers as names

_HEALTH = b"/health"


def utc_now() -> datetime:
    """Security time, which nobody moves."""
    return datetime.now(UTC)


class Signing(httpx.Auth):
    """Put into a client as `auth`. `key` is that of the token's own system, or gives the one that signs now.

    A message is for one node or gateway, whose id is `node`; without it, whoever answers at the address is asked who it
    is, once, and is believed: so name it wherever others may answer there. A call without a question id is given one,
    so that a gateway can hand it on as the question that it is.
    """

    requires_request_body = True

    def __init__(
        self,
        key: KeyPair | Callable[[], KeyPair],
        *,
        node: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._key, self._node, self._clock = key, node, clock
        self._told: dict[str, str] = {}

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()
        if self.called(request) is None:
            answer = yield _who_is_there(request)
            self._hear(answer, answer.read())
        self._sign(request)
        self._judge(request, (yield request))

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        if self.called(request) is None:
            answer = yield _who_is_there(request)
            self._hear(answer, await answer.aread())
        self._sign(request)
        self._judge(request, (yield request))

    def called(self, request: httpx.Request) -> str | None:
        """The id of whom a call is for, None while that is not known."""
        return self._node or self._told.get(_origin(request))

    def _hear(self, answer: httpx.Response, body: bytes) -> None:
        """Whoever says nothing of the kind is called without a name, and refuses that in its own words."""
        with suppress(orjson.JSONDecodeError, KeyError, TypeError):
            self._told[_origin(answer.request)] = str(orjson.loads(body)["node"])

    def _sign(self, request: httpx.Request) -> None:
        if (node := self.called(request)) is not None:
            request.headers[names.NODE] = node
        request.headers.setdefault(names.QUESTION, secrets.token_hex(8))
        key = self._key if isinstance(self._key, KeyPair) else self._key()
        request.headers.update(sign(message_of(request), key, self._clock()))

    def _judge(self, request: httpx.Request, answer: httpx.Response) -> None:
        """Who is there may be another one by now."""
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._told.pop(_origin(request), None)


def message_of(request: httpx.Request) -> Message:
    """A request as the message that it is over the wire."""
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    return Message(request.method, path, query, request.headers, request.content)


def _who_is_there(request: httpx.Request) -> httpx.Request:
    """A call of the same address that bears nothing of the caller's, and waits as long as theirs."""
    return httpx.Request("GET", request.url.copy_with(raw_path=_HEALTH), extensions=request.extensions)


def _origin(request: httpx.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
