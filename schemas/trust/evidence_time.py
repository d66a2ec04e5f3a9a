"""Time tokens: an entry of a node's access log that names signatures by their digests, and another member's
countersignature of the checkpoint that stands at that very entry. Made by nodes, read by whoever checks evidence.

So the signatures stood by the time at which the other member held the checkpoint, whatever their own node says later;
and the entry shows nothing of anybody else's questions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.trust import signed
from schemas.trust.entries import Act, BadLine, read
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import members_of, read_countersigned

#: In a stamping entry's `told`: the digests that it names.
DIGESTS = "evidence"


class TokenRefused(Exception):
    """A time token that proves nothing; `reason` is stable: malformed, bad-signature, unknown-key, other-entry,
    other-node, not-named, own-word."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class TimeToken:
    """`entry` is the log's line as text, without its line feed; `witnessed` the countersignature."""

    entry: str
    witnessed: str

    def document(self) -> dict[str, str]:
        return {"entry": self.entry, "witnessed": self.witnessed}


@dataclass(frozen=True, slots=True)
class Held:
    """What a token proves: `witness` held it at `at` (aware), signed by the key of this id; `number` is the entry that
    names it."""

    witness: str
    key_id: str
    at: datetime
    number: int


def token_of(said: object) -> TimeToken:
    """A token from a document; raises TokenRefused."""
    members: Mapping[str, Any] = said if isinstance(said, dict) else {}
    entry, witnessed = members.get("entry"), members.get("witnessed")
    if not isinstance(entry, str) or not isinstance(witnessed, str):
        raise TokenRefused("malformed")
    return TimeToken(entry, witnessed)


def check(token: TimeToken, digest: str, node: str, registry: Registry) -> Held:
    """Who held what is named by this digest, and since when; raises TokenRefused. Whether the witness's key held then
    is to be seen by the registries of that day."""
    try:
        line = read(token.entry.encode())
        word = read_countersigned(token.witnessed, registry)
    except BadLine:
        raise TokenRefused("malformed") from None
    except DocumentRefused as refused:
        raise TokenRefused(refused.reason) from None
    one = word.checkpoint
    if (one.number, one.hash) != (line.number, line.hash):
        raise TokenRefused("other-entry")
    if not one.node == line.said.get("node") == node:
        raise TokenRefused("other-node")
    told = line.said.get("told")
    named = told.get(DIGESTS) if isinstance(told, dict) else None
    if line.said.get("act") != Act.STAMPED or not isinstance(named, list) or digest not in named:
        raise TokenRefused("not-named")
    key_id = signed.key_id_of(token.witnessed)
    if word.witness == node or members_of(word.witness, registry) & members_of(node, registry):
        raise TokenRefused("own-word")
    return Held(word.witness, key_id, word.at, line.number)
