"""Signed answers of nodes as they came, for a caller who asks for evidence; used by `asking`. The gateway signs nothing
for a department, and alters nothing that one signed; a gateway below hands on what its own departments signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from gateway.call import Gateway
from gateway.nodes import Fresh, NodeAnswer
from gateway.signing import signing
from schemas.trust import evidence
from schemas.trust.evidence_answer import WANTED, wanted
from schemas.trust.message import Message
from schemas.wire import headers as names

#: Parts of evidence in their JSON form.
Parts = Sequence[dict[str, Any]]
_ASKED = "accept-signature"
#: A gateway below shows its sources in the first form alone; a department has only the second.
_FORMS = f"{names.ANSWER}, {names.JSON};q=0.5"


def asked_for(headers: Mapping[str, str], verb: str) -> dict[str, str]:
    """The headers by which a node is asked to sign, where the caller asks for that."""
    if not wanted(headers):
        return {}
    return {_ASKED: WANTED} | ({"accept": _FORMS} if verb == "query" else {})


async def called(
    gateway: Gateway, node: str, url: str, call: Message, seconds: float
) -> tuple[NodeAnswer, Parts]:
    """One call to a node, and what came of it as evidence. Raises what the node client raises."""
    kept = _Kept(call, signing(gateway, node, call))
    nodes = gateway.nodes
    answer = await nodes.call(url, call.method, call.path, call.headers, call.body, seconds, kept.fresh)
    if _ASKED not in call.headers or answer.status not in (200, 206):
        return answer, ()
    if "signature-input" in answer.headers:
        found = evidence.part(node, kept.sent, answer.status, answer.headers, answer.body)
        return answer, () if found is None else (found.document(),)
    said = _said(answer)
    if answer.headers.get("content-type", "").startswith(names.ANSWER):
        if not said.get("complete"):
            # Why it lacks something, its plain form says best.
            plain = {**call.headers, "accept": names.JSON}
            del plain[_ASKED]
            return await called(gateway, node, url, replace(call, headers=plain), seconds)
        answer = replace(answer, body=orjson.dumps(said.get("data")))
    return answer, _handed_on(said)


@dataclass(slots=True)
class _Kept:
    """A call may be tried twice, each time as a message of its own; the answer is to the last."""

    call: Message
    _fresh: Fresh
    _last: Mapping[str, str] = field(default_factory=dict)

    def fresh(self) -> Mapping[str, str]:
        self._last = self._fresh()
        return self._last

    @property
    def sent(self) -> Message:
        return replace(self.call, headers={**self.call.headers, **self._last})


def _said(answer: NodeAnswer) -> Mapping[str, Any]:
    """What a gateway's answer says beside its records: in its envelope, or at the end of its lines."""
    try:
        said = orjson.loads(answer.body.splitlines()[-1])
    except (orjson.JSONDecodeError, IndexError):
        return {}
    said = said.get("end", said) if isinstance(said, dict) else None
    return said if isinstance(said, dict) else {}


def _handed_on(said: Mapping[str, Any]) -> Parts:
    sources = said.get("sources")
    found = (
        [one.get("evidence") for one in sources if isinstance(one, dict)] if isinstance(sources, list) else []
    )
    return [part for some in found if isinstance(some, list) for part in some if isinstance(part, dict)]
