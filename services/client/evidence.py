"""Asking for evidence: an answer with what each department signed of it, and later the time tokens of that; used by
`langqiao evidence` and by integrators' programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from schemas.trust import evidence, signed
from schemas.trust.evidence import BadPart, Part, read_part
from schemas.trust.evidence_answer import WANTED
from schemas.trust.evidence_time import TimeToken, TokenRefused, token_of
from schemas.trust.signed import DocumentRefused
from schemas.wire import headers as names
from services.client.bridge import Bridge
from services.client.signing import message_of

_TIME_TOKENS = "/log/time-tokens"
#: A gateway answers in the first form, a department in the second.
_ACCEPT = f"{names.ANSWER}, {names.JSON};q=0.5"
#: Most digests that a node is asked for at a time.
_MOST = 50


@dataclass(frozen=True, slots=True)
class Proof:
    """An answer's records, what departments signed of them, and the nodes that were asked and signed nothing."""

    data: Any
    parts: tuple[Part, ...]
    unsigned: tuple[str, ...]


def ask(bridge: Bridge, dataset: str, question: Mapping[str, object], *, prefer: str | None = None) -> Proof:
    """Ask `dataset` (`<kind>.<name>`) for a signed answer; raises Refused. Nothing is checked yet: see
    `schemas.trust.evidence_judged`."""
    kind, _, name = dataset.partition(".")
    wanted = {"Accept": _ACCEPT, "Accept-Signature": WANTED} | ({"Prefer": prefer} if prefer else {})
    answer, data = bridge.exchange("POST", f"/records/{kind}/{name}/query", wanted, orjson.dumps(question))
    if not answer.headers.get("content-type", "").startswith(names.ANSWER):
        part = _own(answer)
        return Proof(data, () if part is None else (part,), (dataset,) if part is None else ())
    found = [(one, list(_parts(one.get("evidence", ())))) for one in data["sources"]]
    parts = tuple(part for _, some in found for part in some)
    unsigned = tuple(dict.fromkeys(one["node"] for one, some in found if one["calls"] and not some))
    return Proof(data["data"], parts, unsigned)


def with_tokens(bridge: Bridge, parts: Sequence[Part]) -> list[Part]:
    """The parts with all time tokens that there are by now; raises Refused."""
    found: dict[str, list[TimeToken]] = {}
    for node in sorted({one.node for one in parts}):
        digests = [one.digest for one in parts if one.node == node]
        for begin in range(0, len(digests), _MOST):
            body = orjson.dumps({"node": node, "digests": digests[begin : begin + _MOST]})
            _, said = bridge.exchange("POST", _TIME_TOKENS, {}, body)
            found |= {digest: list(_tokens(some)) for digest, some in said["tokens"].items()}
    return [one.stamped(found.get(one.digest, [])) for one in parts]


def _parts(said: Sequence[object]) -> Iterator[Part]:
    """What can be read of what a source gave; the rest is no evidence."""
    for one in said:
        try:
            yield read_part(one)
        except BadPart:
            continue


def _tokens(said: Sequence[object]) -> Iterator[TimeToken]:
    for one in said:
        try:
            yield token_of(one)
        except TokenRefused:
            continue


def _own(answer: httpx.Response) -> Part | None:
    """What a department that was asked without a gateway signed; its receipt says which it is."""
    try:
        receipt = signed.unchecked(answer.headers.get(names.RECEIPT, "")).get("receipt")
    except DocumentRefused:
        return None
    node = receipt.get("node") if isinstance(receipt, dict) else None
    asked = message_of(answer.request)
    return evidence.part(str(node), asked, answer.status_code, dict(answer.headers), answer.content)
