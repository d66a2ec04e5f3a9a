"""Whether an answer is entered where it comes from, looked at as it arrives; used by `bridge`, and by integrators'
programs that call by a client of their own.

What a node answers to its own caller is looked at whole: its receipt must be of this very question and answer.
Through a gateway neither what departments were asked nor what they answered can be seen, so whether their receipts are
of that cannot be known on arrival. Where an envelope was asked for one must come, in which no more rows are shown than
sources gave, and each that gave some bears receipts: a department's own, of this caller and this time, and of entries
that no earlier answer named. Its other forms (a plain list, one record, a verification) bear none, so nothing of them
is looked at, nor of what it says that another gateway gave; and a department that it says nothing of is not missed.
Whether a gateway is asked the registry says, by the name in the profile: where that names nobody, whoever answers is
believed to be who it says.

Who must know more asks for evidence (`services.client.evidence`). So must whoever reads streams (`…/lookup`,
`…/changes`): they bear their receipts at the end, and where a piece of one ends stands in evidence alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
from pydantic import ValidationError

from schemas.trust.about import PATH
from schemas.trust.receipts import Receipt, read_receipt
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import signed_by, system_of
from schemas.wire import headers as names
from schemas.wire.answer import MISSING, Source
from schemas.wire.preference import FORMS, accepts
from schemas.wire.problem import Problem
from services.client.signing import message_of

#: How far a node's clock and ours may differ.
_LEEWAY = timedelta(seconds=60)
_RECORDS = "/records/"
#: Where a gateway answers in the form that is asked for.
_LIST = re.compile(r"/records/[^/]+/[^/]+(/query)?/?")
_WHY = {
    "unknown-node": "the registry lists no key of such a node",
    "no-receipt": "it bears no receipt of what it shows",
    "malformed": "what should be its receipt is none",
    "unknown-key": "its receipt is not signed by a key that is this node's own now",
    "bad-signature": "the signature of its receipt does not fit",
    "other-receipt": "its receipt is of another question, answer, caller or time",
    "repeated-receipt": "its receipt names an entry no later than what an earlier answer's did",
}


class BadReceipt(Exception):
    """An answer that is not entered as it must be at `node`; `code` is stable: unknown-node, no-receipt, malformed,
    unknown-key, bad-signature, other-receipt, repeated-receipt. Nothing of question or answer is repeated."""

    def __init__(self, node: str, code: str) -> None:
        self.node = node
        self.code = code
        super().__init__(
            f"{code}: {node} answered, and {_WHY[code]}. Do not use the answer; ask who runs it."
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a question was put to, by the registry in force, and from when to when (aware) its answer was waited for."""

    node: str
    registry: Registry
    since: datetime
    until: datetime


@dataclass(slots=True)
class Arrivals:
    """The answers to one caller, who asks one question after another. `member` is its own, None: it is anonymous;
    `on_behalf` the one that it acts for, where that is another."""

    member: str | None
    on_behalf: str | None = None
    #: The last entry that an answer's receipt named, by node: a log only grows.
    _last: dict[str, int] = field(init=False, default_factory=dict)

    def look(self, answer: httpx.Response, asked: Asked) -> None:
        """Raise BadReceipt unless a good answer, read whole, is entered as far as can be seen."""
        if asked.registry.has_gateway(asked.node):
            if _bears_sources(answer):
                self._look_through(_sources(answer, asked.node), asked)
            return
        text = answer.headers.get(names.RECEIPT)
        if text is None:
            if _tells_of_records(answer):
                raise BadReceipt(asked.node, "no-receipt")
            return
        receipt = self._read(text, asked.node, asked)
        if not _is_of(receipt, answer):
            raise BadReceipt(asked.node, "other-receipt")
        self._take([receipt])

    def _look_through(self, sources: Iterable[Source], asked: Asked) -> None:
        """What a gateway below speaks for bears no receipts; of a missing source, what it gave before it was missed."""
        found: list[Receipt] = []
        for one in sources:
            if asked.registry.has_gateway(one.node):
                continue
            texts = one.receipts or ()
            owed = 0 if one.state in MISSING else one.calls
            if len(texts) < max(owed, min(one.rows, 1)):
                raise BadReceipt(one.node, "no-receipt")
            found += [self._read(text, one.node, asked) for text in texts]
        self._take(found)

    def _read(self, text: str, node: str, asked: Asked) -> Receipt:
        """That node's own receipt of an entry about this caller and this time."""
        if system_of(node) not in asked.registry.members:
            raise BadReceipt(node, "unknown-node")
        try:
            receipt = read_receipt(text, asked.registry)
            signed_by(text, asked.registry, node, asked.until)
        except DocumentRefused as refused:
            raise BadReceipt(node, refused.reason) from None
        asker = (receipt.node, receipt.member, receipt.on_behalf)
        meanwhile = asked.since - _LEEWAY <= receipt.at <= asked.until + _LEEWAY
        if asker != (node, self.member, self.on_behalf) or not meanwhile:
            raise BadReceipt(node, "other-receipt")
        return receipt

    def _take(self, receipts: Iterable[Receipt]) -> None:
        """Each names a later entry than the answers before; a gateway asks a node several things at once."""
        for one in sorted(receipts, key=lambda receipt: receipt.number):
            if one.number <= self._last.get(one.node, 0):
                raise BadReceipt(one.node, "repeated-receipt")
            self._last[one.node] = one.number


def _tells_of_records(answer: httpx.Response) -> bool:
    """Whether a node enters what is answered at this address, and so must sign that it has."""
    path = message_of(answer.request).path
    return path.startswith(_RECORDS) or path == PATH


def _is_of(receipt: Receipt, answer: httpx.Response) -> bool:
    asked = message_of(answer.request)
    try:
        return receipt.is_of(
            (asked.method.encode(), asked.path.encode(), asked.query.encode(), asked.body), answer.content
        )
    except ValueError:
        # Its salt is no bytes in hex.
        return False


def _bears_sources(answer: httpx.Response) -> bool:
    """Whether a gateway must say here what came of whom, as it was asked to, or does so anyway."""
    asked = message_of(answer.request)
    if asked.method == "HEAD":
        return False
    listed = _LIST.fullmatch(asked.path) is not None
    return asked.path == PATH or _is_envelope(answer) or (listed and _wished(answer))


def _wished(answer: httpx.Response) -> bool:
    try:
        return accepts(answer.request.headers.get("accept", ""), FORMS) == names.ANSWER
    except Problem:
        return False


def _is_envelope(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("content-type", "").startswith(names.ANSWER))


def _sources(answer: httpx.Response, gateway: str) -> list[Source]:
    """All whom the answer names; of those at the root come the rows that it shows."""
    of_person = message_of(answer.request).path == PATH
    if not (of_person or _is_envelope(answer)):
        raise BadReceipt(gateway, "no-receipt")
    try:
        said = orjson.loads(answer.content)
        shown: list[Any] = said["entries" if of_person else "data"]
        sources = [Source.model_validate(one) for one in said["sources"]]
        unaccounted = len(shown) - sum(one.rows for one in sources if not one.path)
    except (ValidationError, orjson.JSONDecodeError, LookupError, TypeError):
        raise BadReceipt(gateway, "malformed") from None
    if unaccounted > 0:
        raise BadReceipt(gateway, "no-receipt")
    return sources
