"""One HTTP call and its reply as the data plane's stages see them; made and sent by `plane`."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import orjson
from starlette.types import Receive

from gateway.area import Area
from gateway.messages import Messages
from gateway.nodes import NodeClient
from gateway.own_key import OwnKey
from gateway.registry import MemberRegistry
from gateway.settings import Settings
from gateway.timing import Timing
from gateway.watch import Watch
from schemas.trust.keys import KeyPair
from schemas.trust.model import Caller
from schemas.trust.question import taken_apart
from schemas.wire import headers as names
from schemas.wire.problem import Problem

_ANONYMOUS = Caller()
#: A deadline of more digits than this, in ms, is over any ceiling.
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Gateway:
    """One running gateway, as its calls see it. `secret` seals cursors; `own` signs calls, None: it has no key."""

    settings: Settings
    watch: Watch
    nodes: NodeClient
    secret: bytes
    own: OwnKey | None
    registry: MemberRegistry
    messages: Messages
    clock: Callable[[], datetime]

    @property
    def key(self) -> KeyPair | None:
        """The key that signs now; whoever signs with it asks anew each time, for another may follow it."""
        return None if self.own is None else self.own.now()

    @property
    def area(self) -> Area:
        return self.watch.area


@dataclass(slots=True)
class Call:
    """What came in. `record_id` is set at one record's address alone; `caller` from the access stage on.
    `query` is the query string as it came, `sent` the body once it was read; `handed` is the caller's question that
    another gateway handed on with it.

    `area` is the gateway's area when the call began, so that all its stages speak of the same nodes.
    """

    gateway: Gateway
    area: Area
    method: str
    path: str
    parameters: list[tuple[str, str]]
    headers: Mapping[str, str]
    question: str
    receive: Receive
    began: float = field(default_factory=monotonic)
    dataset: str = ""
    record_id: str = ""
    route: str = ""
    query: str = ""
    sent: bytes | None = None
    handed: Any = None
    caller: Caller = _ANONYMOUS
    timing: Timing = field(default_factory=Timing)

    def mark(self, stage: str) -> None:
        self.timing.mark(stage)

    def major(self) -> int | None:
        """The contract's major that the caller asks for; None: the lowest that all nodes serve."""
        text = self.headers.get(names.CONTRACT_VERSION, "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            raise Problem("unknown-version", "Contract-Version takes a major version number such as 1.")
        return int(text)

    def deadline_seconds(self) -> float:
        """The caller's time for the whole call, within the gateway's own ceiling."""
        ceiling = self.gateway.settings.deadline_ms
        text = self.headers.get(names.DEADLINE, "")
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            ceiling = min(ceiling, int(text))
        return ceiling / 1_000

    def nodes_until(self) -> float:
        """The moment (monotonic) by which nodes must have answered: the deadline without the reserve."""
        share = 1 - self.gateway.settings.reserve_percent / 100
        return self.began + share * self.deadline_seconds()

    def hops(self) -> int:
        """How many gateways the question has passed before this one; Problem too-many-hops."""
        text = self.headers.get(names.HOPS, "")
        hops = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
        limit = self.gateway.settings.hop_limit
        if hops >= limit:
            raise Problem(
                "too-many-hops",
                f"The question passed {hops} gateways; {limit} are allowed.",
                members={"limit": limit},
            )
        return hops

    async def json(self) -> dict[str, Any]:
        """The body as a JSON object; Problem bad-body or too-large."""
        sent = self.headers.get("content-type", names.JSON).partition(";")[0].strip().lower()
        if sent not in (names.JSON, names.SUBCALL):
            raise Problem("bad-body", f"The body must be sent as Content-Type: {names.JSON}.")
        try:
            document = orjson.loads(await self.body())
        except orjson.JSONDecodeError as fault:
            where = {"position": fault.pos}
            raise Problem(
                "bad-body", f"The body is not JSON: see character {fault.pos}.", members=where
            ) from None
        if sent == names.SUBCALL:
            document, self.handed = taken_apart(document)
        if not isinstance(document, dict):
            raise Problem("bad-body", "The body must be a JSON object.")
        return document

    async def body(self) -> bytes:
        """The whole body, as it came; Problem too-large."""
        if self.sent is None:
            self.sent = await self._body()
        return self.sent

    async def _body(self) -> bytes:
        """The whole body; refused as soon as it is, or says that it will be, over the limit."""
        limit = self.gateway.settings.max_body_bytes
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
        return b"".join(parts)


class Disconnected(Exception):
    """The caller went away before its answer was whole; nobody is left to answer."""


@dataclass(slots=True)
class Reply:
    """What goes out: ready bytes, or a stream of them."""

    status: int
    body: bytes | AsyncIterator[bytes] = b""
    media_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def _too_large(limit: int) -> Problem:
    # The rest of the body is never read, so the connection cannot be used again.
    return Problem(
        "too-large",
        f"The body is over {limit} bytes.",
        members={"limit": limit},
        headers={"Connection": "close"},
    )
