"""How a registry, or a word on one, is handed on over HTTP: where it goes, and what is answered; for gateways, nodes
and the authority's tool. The body is the signed text itself, and its own proof."""

import re
from collections.abc import AsyncIterable
from typing import Any

import orjson

from schemas.trust.holding import LARGEST_BYTES, Held
from schemas.trust.signed import DocumentRefused
from schemas.wire.bodies import bounded
from schemas.wire.problem import Problem

#: Where gateways and nodes take it.
PATH = "/registry"
#: What contradicts a registry that is in force, rather than being amiss in itself.
_BEATEN = frozenset({"older", "contradicts"})
_TEXT = re.compile(r"[A-Za-z0-9._-]+")


def text_of(body: bytes) -> str:
    """The signed text that a body holds; raises DocumentRefused."""
    try:
        text = body.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if not _TEXT.fullmatch(text):
        raise DocumentRefused("malformed", "not a signed document")
    return text


def answer(held: Held) -> bytes:
    """What whoever took it holds now: the registry's number, and when that was last confirmed."""
    heard = held.heard
    return orjson.dumps(
        {"number": held.registry.number, "heard": None if heard is None else heard.isoformat()}
    )


def number_in(body: bytes) -> int | None:
    """The number that an answer says is in force, None where it is no such answer."""
    try:
        said: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    number = said.get("number") if isinstance(said, dict) else None
    return number if type(number) is int else None


def refusal(fault: DocumentRefused, held: Held) -> Problem:
    """What is answered to what was refused."""
    members = {"reason": fault.reason, "number": held.registry.number}
    code = "registry-older" if fault.reason in _BEATEN else "bad-registry"
    return Problem(code, f"It is refused: {fault.reason}", members=members)


async def read(parts: AsyncIterable[bytes]) -> bytes:
    """A body that came; Problem too-large, for a registry has an end."""
    return await bounded(parts, LARGEST_BYTES, f"A registry has at most {LARGEST_BYTES} bytes.")
