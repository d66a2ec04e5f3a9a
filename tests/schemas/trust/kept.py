"""Made-up evidence for the tests of its checks: one department's answer and one stream, signed, entered, stamped and
countersigned as nodes do it, and the registries of three days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson

from schemas.trust.entries import Act, Entry, Head, salted, write
from schemas.trust.evidence import Part, part
from schemas.trust.evidence_answer import Answered, sign
from schemas.trust.evidence_chunks import Chain, sha256
from schemas.trust.evidence_time import DIGESTS, TimeToken
from schemas.trust.history import History, Issue, issue
from schemas.trust.http_signature import digest_of
from schemas.trust.keys import KeyPair, new_key
from schemas.trust.message import Message
from schemas.trust.receipts import Receipt, Signer
from schemas.trust.statements import Checkpoint, Countersigned, countersign
from schemas.trust.suites import ED25519, Suite

NODE, OTHER, WITNESS, SISTER = "330203.workshop", "330203.taxation", "330203.credit", "330203.workshop.second"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_SALT = b"s" * 16
_PIECES = (
    b'{"key":"a","records":[{"name":"x"}]}\n',
    b'{"key":"b","records":[]}\n',
    b'{"key":"c","records":[]}\n',
)


@dataclass
class Town:
    """Some nodes with a key of the `suite` each; `created` is when answers are signed."""

    suite: Suite = ED25519
    created: datetime = NOON
    keys: dict[str, KeyPair] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = {node: new_key(self.suite) for node in (NODE, OTHER, WITNESS, SISTER)}

    def history(self, *issues: Issue) -> History:
        return History(issues or [self.issued(1)])

    def issued(self, number: int, **told: Any) -> Issue:
        """The registry of such a document."""
        return issue(self.registry(number, **told))

    def registry(
        self,
        number: int,
        *,
        day: int = -1,
        days: int = 30,
        without: tuple[str, ...] = (),
        until: Mapping[str, int] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """A registry's document of a day, counted from noon, that lists all nodes but some; `until` says on which day
        nodes' keys end."""
        members = [
            {
                "id": NODE if node == SISTER else node,
                "system": f"{node}/node",
                "role": "node",
                "keys": {key.key_id: key.public_hex},
                "until": {key.key_id: (NOON + until[node] * DAY).isoformat()} if node in until else {},
            }
            for node, key in self.keys.items()
            if node not in without
        ]
        begun = NOON + day * DAY
        dates = {"issued": begun.isoformat(), "expires": (begun + days * DAY).isoformat()}
        return {"number": number, **dates, "members": members}

    def answer(self, signer: str = NODE, body: bytes = b'[{"name":"x"}]', **asked: Any) -> Part:
        """A whole answer to a question by POST, with its time token."""
        question = _question(**asked)
        headers = {"content-type": "application/json", "contract-version": "1", "langqiao-question": "q-1"}
        headers["langqiao-receipt"] = self.receipt(question, body)
        answered = Answered(question, 200, headers, body)
        headers |= sign(answered, self.keys[signer], self.created)
        return self.stamped(_part(question, headers, body))

    def stream(self, signer: str = NODE, numbers: tuple[int, ...] = (5, 6, 7), **asked: Any) -> Part:
        """A stream of three pieces and their end line, with its time token; `numbers` are those of their entries."""
        question = _question(**asked)
        headers = {"content-type": "application/x-ndjson", "contract-version": "1"}
        headers |= sign(Answered(question, 200, headers, None), self.keys[signer], self.created)
        chain = Chain(self.keys[signer], sha256(headers["signature"]))
        entered = zip(_PIECES, numbers, strict=True)
        receipts = [self.receipt(question, piece, number=number) for piece, number in entered]
        last = orjson.dumps({"end": {"keys": 3, "records": 1, "receipts": receipts}}) + b"\n"
        body = b"".join(piece + chain.line(piece) for piece in (*_PIECES, last)) + chain.line(b"", end=True)
        return self.stamped(_part(question, headers, body))

    def receipt(
        self, question: Message, body: bytes, node: str = NODE, *, number: int = 7, at: datetime = NOON
    ) -> str:
        request = (question.method.encode(), question.path.encode(), question.query.encode(), question.body)
        said = Receipt(node, number, "a" * 64, salted(_SALT, *request), salted(_SALT, body), _SALT.hex(), at)
        return Signer(self.keys[node]).sign(said)

    def stamped(self, one: Part) -> Part:
        return one.stamped([self.token(one)])

    def token(
        self,
        one: Part,
        witness: str = WITNESS,
        *,
        minutes: int = 1,
        act: Act = Act.STAMPED,
        named: str | None = None,
        node: str = NODE,
        number: int = 0,
    ) -> TimeToken:
        """An entry that names the part, at a checkpoint that the witness held so many minutes after noon."""
        at = NOON + timedelta(minutes=minutes)
        told = {DIGESTS: ["b" * 64, named or one.digest]}
        line, head = write(Entry(at, node, act, told=told), Head(8, "c" * 64))
        word = Countersigned(Checkpoint(node, head.number + number, head.hash, at), witness, at)
        return TimeToken(line.decode().rstrip("\n"), countersign(word, self.keys[witness]))


def _question(
    method: str = "POST",
    path: str = "/records/workshop/repairs/query",
    query: str = "",
    body: bytes = b'{"select":"name"}',
) -> Message:
    headers = {"langqiao-officer": "officer-1", "langqiao-purpose": "case:1", "langqiao-case": "e30.e30.AA"}
    headers["langqiao-node"] = NODE
    if method == "POST":
        headers |= {"content-digest": digest_of(body), "signature": "langqiao=:AA==:"}
    return Message(method, path, query, headers, body if method == "POST" else b"")


def _part(question: Message, headers: dict[str, str], body: bytes) -> Part:
    found = part(NODE, question, 200, headers, body)
    assert found is not None
    return found
