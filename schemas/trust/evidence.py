"""Evidence: what one node was asked and answered, to the byte, with its signatures, receipts and time tokens; made by
gateways and by whoever keeps an answer, read by `evidence_judged`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import orjson

from schemas.trust import evidence_answer, evidence_chunks
from schemas.trust.evidence_answer import Answered
from schemas.trust.evidence_time import TimeToken, TokenRefused, token_of
from schemas.trust.message import Message
from schemas.wire import headers as names

#: What may be shown of a part, whoever wrote it: a node's id, and a dataset's kind and name.
_NODE = re.compile(r"[A-Za-z0-9._-]{1,100}")
_ADDRESS = re.compile(r"/records/([a-z][a-z0-9_]{0,99})/([a-z][a-z0-9_]{0,99})(?:/|$)")
_RECORDS = "/records"
#: Answers that have no body, whatever they say.
_BODILESS = frozenset({204, 304})


class BadPart(ValueError):
    """This is no part of evidence; says which member does not fit."""


@dataclass(frozen=True, slots=True)
class Part:
    """One exchange with a node. `answered` has the headers that the signature covers; `content` is the answer's body,
    with its signed lines where it is a stream. `tokens` say when it stood, once there are any."""

    node: str
    answered: Answered
    content: bytes
    tokens: tuple[TimeToken, ...] = ()

    @property
    def bodiless(self) -> bool:
        """Whether such an answer has no body."""
        return self.answered.asked.method == "HEAD" or self.answered.status in _BODILESS

    @property
    def streamed(self) -> bool:
        """Whether it is a stream: then no digest of the whole stands in its head."""
        return self.answered.body is None and not self.bodiless

    @property
    def dataset(self) -> str:
        """As the address that was asked says; empty where it is no dataset's."""
        found = _ADDRESS.match(unquote(self.answered.asked.path))
        return "" if found is None else ".".join(found.groups())

    @property
    def of_records(self) -> bool:
        """Whether it was asked where records stand; what is spelt otherwise, a node takes for the same."""
        return unquote(self.answered.asked.path).startswith(_RECORDS)

    @property
    def head(self) -> str:
        """The text of the signature over the answer's head."""
        return self.answered.headers.get("signature", "")

    @property
    def digest(self) -> str:
        """What time tokens name it by: of the signature, or of a stream the last statement."""
        statements = [text for _, text in evidence_chunks.split(self.content) if text is not None]
        return evidence_chunks.sha256(statements[-1] if self.streamed and statements else self.head)

    def receipts(self) -> list[tuple[str, bytes]]:
        """Each receipt with the bytes that it is for; of a stream they stand in the piece before the end, one for each
        piece before that."""
        if not self.streamed:
            text = self.answered.headers.get(names.RECEIPT)
            return [] if text is None else [(text, self.content)]
        pieces = [piece for piece, _ in evidence_chunks.split(self.content) if piece]
        try:
            receipts = orjson.loads(pieces[-1])["end"]["receipts"]
        except (IndexError, orjson.JSONDecodeError, KeyError, TypeError):
            return []
        if not isinstance(receipts, list) or len(receipts) != len(pieces) - 1:
            return []
        return list(zip(map(str, receipts), pieces, strict=False))

    def stamped(self, tokens: Sequence[TimeToken]) -> "Part":
        """The same with these time tokens beside its own."""
        return replace(self, tokens=tuple(dict.fromkeys((*self.tokens, *tokens))))

    def document(self) -> dict[str, Any]:
        """As JSON; bodies as the text that they are."""
        asked = self.answered.asked
        return {
            "node": self.node,
            "question": {
                "method": asked.method,
                "path": asked.path,
                "query": asked.query,
                "headers": dict(asked.headers),
                "body": asked.body.decode(),
            },
            "answer": {
                "status": self.answered.status,
                "headers": dict(self.answered.headers),
                "body": self.content.decode(),
            },
            "tokens": [one.document() for one in self.tokens],
        }


def part(node: str, asked: Message, status: int, headers: Mapping[str, str], content: bytes) -> Part | None:
    """The part that a signed answer makes, header names in lower case; None where it is not signed, or no text."""
    if "signature-input" not in headers:
        return None
    try:
        asked.body.decode(), content.decode()
    except UnicodeDecodeError:
        return None
    of_question, of_answer = evidence_answer.kept(asked.headers, headers)
    question = replace(asked, headers=of_question)
    return Part(node, _answered(question, status, of_answer, content), content)


def read_part(said: object) -> Part:
    """A part from its document; raises BadPart."""
    members = _object(said, "part")
    asked, answer = _object(members.get("question"), "question"), _object(members.get("answer"), "answer")
    method, path, query, body = (_text(asked, name) for name in ("method", "path", "query", "body"))
    question = Message(method, path, query, _headers(asked), body.encode())
    status, content = answer.get("status"), _text(answer, "body").encode()
    if type(status) is not int:
        raise BadPart("status must be a whole number")
    if not _NODE.fullmatch(_text(members, "node")):
        raise BadPart("node must be a node's id")
    tokens = members.get("tokens", [])
    try:
        read = tuple(token_of(one) for one in tokens) if isinstance(tokens, list) else None
    except TokenRefused:
        read = None
    if read is None:
        raise BadPart("tokens must be a list of time tokens")
    return Part(_text(members, "node"), _answered(question, status, _headers(answer), content), content, read)


def _answered(asked: Message, status: int, headers: Mapping[str, str], content: bytes) -> Answered:
    """Only of a body that is no stream does the head name a digest."""
    return Answered(asked, status, headers, content if "content-digest" in headers else None)


def _object(said: object, name: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise BadPart(f"{name} must be an object")
    return said


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    if not isinstance(found, str):
        raise BadPart(f"{name} must be a text")
    return found


def _headers(said: Mapping[str, Any]) -> dict[str, str]:
    found = _object(said.get("headers"), "headers")
    if not all(isinstance(one, str) for one in found.values()):
        raise BadPart("headers must be texts")
    return {str(name).lower(): value for name, value in found.items()}
