"""A signed answer of a node as it came, for a caller who asks for evidence; used by `asking`. The gateway signs nothing
for a department, and alters nothing that a department signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.nodes import Fresh, NodeAnswer
from schemas.trust import evidence
from schemas.trust.evidence_answer import WANTED, wanted
from schemas.trust.message import Message


def asked_for(headers: Mapping[str, str]) -> dict[str, str]:
    """The header by which a node is asked to sign, where the caller asks for that."""
    return {"accept-signature": WANTED} if wanted(headers) else {}


@dataclass(slots=True)
class Kept:
    """One call to a node. A call may be tried twice, and the answer is to the try that was made last."""

    node: str
    call: Message
    _fresh: Fresh
    _last: Mapping[str, str] = field(default_factory=dict)

    def fresh(self) -> Mapping[str, str]:
        """The headers of one more try."""
        self._last = self._fresh()
        return self._last

    def part(self, answer: NodeAnswer) -> dict[str, Any] | None:
        """What the caller keeps of it; None where the node did not sign."""
        sent = replace(self.call, headers={**self.call.headers, **self._last})
        found = evidence.part(self.node, sent, answer.status, answer.headers, answer.body)
        return found.document() if found is not None else None
