"""What is done to evidence, by the names that the cases in evidence.yaml use; for the tests of its checks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from schemas.trust.entries import Act
from schemas.trust.evidence import Part
from schemas.trust.evidence_answer import sign
from schemas.trust.evidence_chunks import Chain, sha256, split
from tests.schemas.trust.kept import DAY, NODE, NOON, Town


def with_content(one: Part, content: bytes) -> Part:
    """The part with other bytes as its answer."""
    body = None if one.answered.body is None else content
    return replace(one, content=content, answered=replace(one.answered, body=body))


def _body(one: Part, old: str | None = None, new: str = "") -> Part:
    content = b"" if old is None else one.content.replace(old.encode(), new.encode(), 1)
    return with_content(one, content)


def _asked(one: Part, **changed: Any) -> Part:
    return replace(one, answered=replace(one.answered, asked=replace(one.answered.asked, **changed)))


def _headed(one: Part, headers: dict[str, str]) -> Part:
    return replace(one, answered=replace(one.answered, headers=headers))


def _dropped(headers: Any, name: str) -> dict[str, str]:
    return {each: value for each, value in headers.items() if each != name}


def _pieces(one: Part) -> list[bytes]:
    """Each piece with its statement."""
    return [piece + b'{"signed":"' + (text or "").encode() + b'"}\n' for piece, text in split(one.content)]


def _reordered(one: Part, order: Callable[[list[bytes]], list[bytes]]) -> Part:
    return with_content(one, b"".join(order(_pieces(one))))


def _swapped(one: Part, first: int, second: int) -> Part:
    order = _pieces(one)
    order[first - 1], order[second - 1] = order[second - 1], order[first - 1]
    return with_content(one, b"".join(order))


def _exchanged(one: Part, first: int, second: int) -> Part:
    """The bytes of two pieces, each before the other's statement."""
    found = list(split(one.content))
    a, b = found[first - 1][0], found[second - 1][0]
    return with_content(one, one.content.replace(a, b"?").replace(b, a).replace(b"?", b))


def _piece_of_another(town: Town, one: Part, place: int) -> Part:
    other = _pieces(town.stream(query="limit=9"))
    return _reordered(one, lambda each: [*each[: place - 1], other[place - 1], *each[place:]])


def _pieces_by(town: Town, one: Part, signer: str) -> Part:
    chain = Chain(town.keys[signer], sha256(one.head))
    *pieces, _ = [piece for piece, _ in split(one.content)]
    body = b"".join(piece + chain.line(piece) for piece in pieces) + chain.line(b"", end=True)
    return with_content(one, body)


def _with_receipt(town: Town, one: Part, receipt: str) -> Part:
    """The same answer with another receipt, signed by the node itself."""
    headers = {**one.answered.headers, "langqiao-receipt": receipt}
    bare = {name: value for name, value in headers.items() if not name.startswith("signature")}
    answered = replace(one.answered, headers=bare)
    made = _headed(one, bare | sign(answered, town.keys[NODE], town.created))
    return replace(made, tokens=(town.token(made),))


def _token(town: Town, one: Part, said: dict[str, Any]) -> Part:
    act = {"act": Act(said["act"])} if "act" in said else {}
    return replace(one, tokens=(town.token(one, **{**said, **act}),))


def _retold(one: Part, **changed: str) -> Part:
    return replace(one, tokens=(replace(one.tokens[0], **changed),))


_DEEDS: dict[str, Callable[..., Part]] = {
    "body": _body,
    "body_end": lambda one, more: with_content(one, one.content + more.encode()),
    "cut": lambda one, size: with_content(one, one.content[:size]),
    "asked_body": lambda one, old, new: _asked(
        one, body=one.answered.asked.body.replace(old.encode(), new.encode())
    ),
    "asked_header": lambda one, name, text: _asked(one, headers={**one.answered.asked.headers, name: text}),
    "without_asked_header": lambda one, name: _asked(one, headers=_dropped(one.answered.asked.headers, name)),
    "asked_path": lambda one, old, new: _asked(one, path=one.answered.asked.path.replace(old, new)),
    "status": lambda one, status: replace(one, answered=replace(one.answered, status=status)),
    "header": lambda one, name, text: _headed(one, {**one.answered.headers, name: text}),
    "without_header": lambda one, name: _headed(one, _dropped(one.answered.headers, name)),
    "earlier": lambda one: _headed(
        one,
        {
            **one.answered.headers,
            "signature-input": one.answered.headers["signature-input"].replace("created=1", "created=0"),
        },
    ),
    "node": lambda one, node: replace(one, node=node),
    "without_piece": lambda one, place: _reordered(one, lambda each: [*each[: place - 1], *each[place:]]),
    "swapped": _swapped,
    "twice": lambda one, place: _reordered(one, lambda each: [*each[:place], each[place - 1], *each[place:]]),
    "exchanged": _exchanged,
    "untimed": lambda one: replace(one, tokens=()),
    "entry": lambda one, old, new: _retold(one, entry=one.tokens[0].entry.replace(old * 64, new * 64)),
    "word": lambda one, text: _retold(one, witnessed=text),
}
#: What takes the key of a node.
_SIGNED_DEEDS: dict[str, Callable[..., Part]] = {
    "piece_of_another": _piece_of_another,
    "pieces_by": _pieces_by,
    "receipt_of_another": lambda town, one: _with_receipt(town, one, town.receipt(one.answered.asked, b"[]")),
    "receipt_by": lambda town, one, node: _with_receipt(
        town, one, town.receipt(one.answered.asked, one.content, node=node)
    ),
    "receipt_of_day": lambda town, one, day: _with_receipt(
        town, one, town.receipt(one.answered.asked, one.content, at=NOON + day * DAY)
    ),
    "receipt_of_entry": lambda town, one, number: _with_receipt(
        town, one, town.receipt(one.answered.asked, one.content, number=number)
    ),
    "token": _token,
}


def done(town: Town, one: Part, deed: str, *said: Any) -> Part:
    """The part after a deed of that name."""
    if deed in _SIGNED_DEEDS:
        return _SIGNED_DEEDS[deed](town, one, *said)
    return _DEEDS[deed](one, *said)
