"""One HTTP call and its reply as the data plane's stages see them; made and sent by `plane`."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from starlette.types import Receive

from schemas.trust.elsewhere import Brief
from schemas.trust.model import Caller, Grant, Member
from schemas.trust.question import taken_apart
from schemas.trust.registry import Registry
from schemas.trust.retiring import answered
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.timing import Timing
from services.engine.node import Node

if TYPE_CHECKING:
    from services.engine.api.entering import Disclosure
    from services.engine.api.sealing import Seals

_ANONYMOUS = Caller()
#: A deadline of more digits than this, in ms, is over any ceiling.
_MOST_DIGITS = 9


@dataclass(slots=True)
class Call:
    """What came in. `record_id` is set at one record's address alone; `caller` from the access stage on,
    `estimate` (records that may be touched) from the cost stage on, `disclosure` from the select stage on.
    `query` is the query string as it came, `sent` the body once it was read (`whole`). From the access stage on,
    `known_by` is the registry by which the caller is known, `named` are its own grants that its purpose has named at
    any time since, `message` names the signed message that it was, `sender` who sent it, and `seals` are for what is
    given sealed; `handed` is the question that a gateway handed on with it;
    `request` is the digest of all under `salt`, from the log stage on."""

    node: Node
    method: str
    path: str
    parameters: list[tuple[str, str]]
    headers: Mapping[str, str]
    question: str
    receive: Receive
    dataset: str = ""
    record_id: str = ""
    route: str = ""
    caller: Caller = _ANONYMOUS
    estimate: int = 0
    disclosure: "Disclosure | None" = None
    query: bytes = b""
    sent: bytes = b""
    whole: bool = False
    known_by: Registry | None = None
    named: frozenset[Grant | Brief] = frozenset()
    message: str | None = None
    sender: Member | None = None
    handed: Any = None
    seals: "Seals" = field(default_factory=dict)
    salt: bytes = b""
    request: str = ""
    timing: Timing = field(default_factory=Timing)

    def mark(self, stage: str) -> None:
        self.timing.mark(stage)

    def major(self) -> int | None:
        """The contract's major by which the call is answered, None: the lowest. Problem unknown-version; major-retired
        from the day on that its users were told."""
        gate, asked = self.node.gate, self.asked_major()
        if not gate.retiring:
            return asked
        return answered(
            self.dataset, self.node.catalogue.majors(self.dataset), asked, gate.retiring, gate.clock()
        )

    def asked_major(self) -> int | None:
        """The major that the caller names; None: it leaves that to us. Problem unknown-version."""
        text = self.headers.get(names.CONTRACT_VERSION, "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            raise Problem("unknown-version", "Contract-Version takes a major version number such as 1.")
        return int(text)

    def deadline_seconds(self) -> float:
        """What is left of the caller's time, within the node's own ceiling."""
        ceiling = self.node.settings.deadline_ms
        text = self.headers.get(names.DEADLINE, "")
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            ceiling = min(ceiling, int(text))
        return ceiling / 1_000

    async def json(self, media_type: str = names.JSON) -> dict[str, Any]:
        """The body as a JSON object; Problem bad-body or too-large."""
        sent = self.headers.get("content-type", media_type).partition(";")[0].strip().lower()
        handing = media_type == names.JSON and sent == names.SUBCALL
        if sent != media_type and not handing:
            raise Problem("bad-body", f"The body must be sent as Content-Type: {media_type}.")
        body = await self.body()
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as fault:
            where = {"position": fault.pos}
            raise Problem(
                "bad-body", f"The body is not JSON: see character {fault.pos}.", members=where
            ) from None
        if handing:
            document, self.handed = taken_apart(document)
        if not isinstance(document, dict):
            raise Problem("bad-body", "The body must be a JSON object.")
        return document

    async def body(self) -> bytes:
        """The whole body, kept; refused as soon as it is, or says that it will be, over the limit."""
        if self.whole:
            return self.sent
        limit = self.node.settings.max_body_bytes
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
        self.sent, self.whole = b"".join(parts), True
        return self.sent


class Disconnected(Exception):
    """The caller went away before its body was whole; nobody is left to answer."""


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
