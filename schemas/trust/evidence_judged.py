"""What of evidence holds, by the registries of its day; offline, for whoever reads it later.

A judgement names members, systems, times and digests. It repeats nothing of question or answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.trust import evidence_answer, evidence_chunks, evidence_time
from schemas.trust.evidence import Part
from schemas.trust.evidence_answer import AnswerRefused
from schemas.trust.evidence_chunks import ChunksRefused
from schemas.trust.evidence_time import Held, TokenRefused
from schemas.trust.history import History
from schemas.trust.http_signature import digest_of
from schemas.trust.model import Member
from schemas.trust.receipts import Receipt, read_receipt
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import system_of

#: How far a node's clock and its witness's may differ.
_LEEWAY = timedelta(seconds=60)


class Check(StrEnum):
    """What is looked at, in this order."""

    SIGNATURE = "signature"
    QUESTION = "question"
    ANSWER = "answer"
    KEY = "key"
    LOG = "log"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a check holds; `reason` is stable where it does not, and empty where it does; `detail` is a sentence."""

    check: Check
    reason: str
    detail: str

    @property
    def holds(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class Judged:
    """What one part proves: `member` is whose key signed it, None where nobody's did; `created` when it says that it
    was signed, aware."""

    node: str
    dataset: str
    member: str | None
    created: datetime | None
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return all(one.holds for one in self.findings)


def judge(one: Part, history: History) -> Judged:
    """Every check of one part, by the registries at hand."""
    try:
        signed = evidence_answer.read(one.answered, history.every)
    except AnswerRefused as refused:
        unsigned = Finding(
            Check.SIGNATURE, refused.reason, "nobody that the registries know signed this answer's head"
        )
        return Judged(one.node, one.dataset, None, None, (unsigned,))
    whose = history.whose(signed.key_id)
    assert whose is not None
    held, time = _time(one, signed.created, history)
    findings = (
        _of_node(one, whose),
        _question(one, history),
        _answer(one, signed.key_id, history),
        _key(signed.key_id, signed.created, held, history),
        _log(one, held, history),
        time,
    )
    return Judged(one.node, one.dataset, whose.id, signed.created, findings)


def _of_node(one: Part, whose: Member) -> Finding:
    """Whether the node signed it that it names, and whose department keeps what was asked."""
    if whose.system != system_of(one.node):
        return Finding(Check.SIGNATURE, "another-node", f"signed by {whose.system}, not by {one.node}")
    if one.of_records and whose.id.partition(".")[2] != one.dataset.partition(".")[0]:
        kept = one.dataset or "this"
        return Finding(Check.SIGNATURE, "another-node", f"signed by {whose.id}, which does not keep {kept}")
    return Finding(Check.SIGNATURE, "", f"signed by {whose.system}")


def _question(one: Part, history: History) -> Finding:
    """Whether the question is the one that was answered; of a call that was no message, the receipts say so."""
    asked = one.answered.asked
    said = asked.headers.get("content-digest")
    if said is not None and said != digest_of(asked.body):
        return Finding(Check.QUESTION, "altered", "the question's body is not the one that was answered")
    if said is None and not any(_receipts(one, history)):
        return Finding(Check.QUESTION, "not-named", "neither signature nor receipt names the question's body")
    return Finding(Check.QUESTION, "", f"{asked.method} for {one.dataset}, {len(asked.body)} bytes")


def _answer(one: Part, key_id: str, history: History) -> Finding:
    if one.streamed:
        try:
            evidence_chunks.check(one.content, one.head, key_id, history.every)
        except ChunksRefused as refused:
            return Finding(
                Check.ANSWER, refused.reason, f"the stream is not as signed: see piece {refused.number}"
            )
        return Finding(Check.ANSWER, "", "every piece of the stream, and its end, are as they were signed")
    signed = one.answered.headers.get("content-digest")
    if signed != (digest_of(one.content) if one.answered.body is not None else None) or (
        one.bodiless and one.content
    ):
        return Finding(Check.ANSWER, "altered", "the answer's body is not the one that was signed")
    return Finding(Check.ANSWER, "", f"status {one.answered.status}, {len(one.content)} bytes, as signed")


def _key(key_id: str, created: datetime, held: Held | None, history: History) -> Finding:
    """Whether the key was the node's when it signed, and still when others first held the signature: whoever has a
    stolen key can write any earlier time."""
    reason = history.why_not(key_id, created)
    if reason is not None:
        return Finding(Check.KEY, reason, f"at {created.isoformat()} the key {key_id} did not hold")
    if held is not None and (later := history.why_not(key_id, held.at)) is not None:
        return Finding(
            Check.KEY, later, f"the key {key_id} no longer held when others first held the signature"
        )
    number = history.number_at(created)
    return Finding(Check.KEY, "", f"the key {key_id} held at {created.isoformat()} by registry {number}")


def _log(one: Part, held: Held | None, history: History) -> Finding:
    """Whether entries of the log are named for all of it, which were there before one named the signature: others hold
    the log up to that one, so what a receipt names further on was not written before the answer went."""
    receipts = _receipts(one, history)
    if not receipts:
        return Finding(Check.LOG, "no-receipt", "the answer bears no receipt")
    if None in receipts:
        return Finding(Check.LOG, "other-receipt", "a receipt is not the node's, or of something else")
    if held is not None and any(each.number >= held.number for each in receipts if each is not None):
        return Finding(
            Check.LOG, "entered-later", f"entry {held.number} names the signature, a receipt a later one"
        )
    asked = ", ".join(sorted({_asker(each) for each in receipts if each is not None}))
    return Finding(Check.LOG, "", f"{len(receipts)} entries of {one.node} say that it was given to {asked}")


def _asker(receipt: Receipt) -> str:
    """Whom an answer was given to, as its node entered it."""
    asker = receipt.member or "anybody"
    return asker if receipt.on_behalf is None else f"{asker} for {receipt.on_behalf}"


def _receipts(one: Part, history: History) -> list[Receipt | None]:
    """The node's receipts for this question and this answer; None for each that is another's, of something else, by a
    key that had ended, or of an entry that another one names: each piece has its own."""
    asked = one.answered.asked
    request = (
        asked.method.encode(),
        asked.path.encode("latin-1", "replace"),
        asked.query.encode(),
        asked.body,
    )
    found: list[Receipt | None] = []
    numbers: set[int] = set()
    for text, content in one.receipts():
        try:
            receipt = read_receipt(text, history.ending)
        except DocumentRefused:
            found.append(None)
            continue
        right = (
            receipt.node == one.node and receipt.number not in numbers and _is_of(receipt, request, content)
        )
        found.append(receipt if right else None)
        numbers.add(receipt.number)
    return found


def _is_of(receipt: Receipt, request: tuple[bytes, ...], content: bytes) -> bool:
    try:
        return receipt.is_of(request, content)
    except ValueError:
        # Its salt is no bytes in hex.
        return False


def _time(one: Part, created: datetime, history: History) -> tuple[Held | None, Finding]:
    """The earliest time by which somebody else held it."""
    if not one.tokens:
        return None, Finding(Check.TIME, "no-token", "nobody but the department says when it was signed")
    reasons, held = [], []
    for token in one.tokens:
        try:
            found = evidence_time.check(token, one.digest, one.node, history.every)
        except TokenRefused as refused:
            reasons.append(refused.reason)
            continue
        if (reason := history.why_not(found.key_id, found.at)) is not None:
            reasons.append(reason)
        elif found.at < created - _LEEWAY:
            reasons.append("before-signed")
        else:
            held.append(found)
    if not held:
        return None, Finding(Check.TIME, reasons[0], "no time token shows that others held the signature")
    first = min(held, key=lambda each: each.at)
    others = ", ".join(sorted({each.witness for each in held}))
    return first, Finding(Check.TIME, "", f"held since {first.at.isoformat()} by {others}")
