"""Every node that this gateway knows, asked the same at once, each as one source; used by the answers to persons."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import monotonic
from typing import Any

import orjson
from pydantic import ValidationError

from gateway.asking import together
from gateway.call import Call
from gateway.caller import passed_on
from gateway.judging import fault_state, faulty, reason_of
from gateway.nodes import NodeAnswer, NodeFault
from gateway.signing import signing
from gateway.sources import Missing
from schemas.trust.about import LAST, Ask, may_stand
from schemas.trust.entries import instant
from schemas.trust.message import Message
from schemas.wire import headers as names
from schemas.wire.answer import MISSING, Source, SourceState

#: What the source of such an answer is, in place of a dataset.
_WHAT = "access-log"
_log = logging.getLogger("langqiao.gateway")


@dataclass(frozen=True, slots=True)
class Peer:
    """A node as the settings and its catalogue name it; `node` is None while it has never answered."""

    url: str
    node: str | None
    gateway: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What came of asking one node: what it gave, whether it has more, and the sources that it speaks for, all of which
    were `complete`. `fault` says why it gave nothing."""

    given: Sequence[Any]
    sources: tuple[Source, ...]
    more: bool = False
    complete: bool = True
    fault: Missing | None = None

    @property
    def silent(self) -> bool:
        """Whether the node has nothing to say at this address, whoever asks."""
        return self.fault is not None and self.fault.code == "unknown-path"


#: From a peer and what it answered to what it gave; raises Missing.
Judge = Callable[[Peer, Ask, Mapping[str, Any]], Sequence[Any]]


async def ask_all(call: Call, path: str, ask: Ask, judge: Judge) -> list[Part]:
    """Each node's part, in the order of the settings. Gateways that the ask has passed are not asked again."""
    me = call.gateway.settings.node_id
    going = replace(ask, via=(*ask.via, me))
    peers = [one for one in _peers(call) if one.node not in going.via]
    return await together(*(_part(call, one, path, going, judge) for one in peers)) if peers else []


def missing(parts: Sequence[Part]) -> list[tuple[Source, Missing]]:
    """The sources that gave nothing, also those behind other gateways, each with the reason."""
    return [
        (source, part.fault or Missing(source.state, source.code or source.state))
        for part in parts
        for source in part.sources
        if source.state in MISSING
    ]


def judge_entries(peer: Peer, ask: Ask, said: Mapping[str, Any]) -> Sequence[Any]:
    """Entries. A department speaks of its own log alone, and each is older than the one before and than all that were
    told already."""
    entries = _list(said, "entries")
    if len(entries) > ask.limit or not all(map(_is_entry, entries)):
        raise faulty()
    if not peer.gateway:
        numbers = [ask.before.get(str(peer.node), LAST + 1), *(one["entry"] for one in entries)]
        falling = all(later < earlier for earlier, later in pairwise(numbers))
        if not falling or any(one["node"] != peer.node for one in entries):
            raise faulty()
    return entries


def judge_mandates(peer: Peer, ask: Ask, said: Mapping[str, Any]) -> Sequence[Any]:
    """Signed texts, which departments check, one of a department at most: all go to all departments in one ask, and
    what may not stand there would make them refuse the others too."""
    texts = _list(said, "mandates")
    if not may_stand(texts) or (len(texts) > 1 and not peer.gateway):
        raise faulty()
    return texts


def _peers(call: Call) -> list[Peer]:
    """Every node of the settings; of two that call themselves alike the first is asked, the other is a source too."""
    found: list[Peer] = []
    for seen in call.gateway.watch.seen.values():
        said = seen.known.descriptor if seen.known is not None else None
        taken = said is not None and any(one.node == said.node for one in found)
        node = said.node if said is not None and not taken else None
        found.append(Peer(seen.url, node, said is not None and said.role == "gateway"))
    return found


async def _part(call: Call, peer: Peer, path: str, ask: Ask, judge: Judge) -> Part:
    began, read_at = monotonic(), call.gateway.clock()
    try:
        answer = await _send(call, peer, path, ask)
        said = _object(answer)
        given, more = judge(peer, ask, said), said.get("next") is not None
        if peer.gateway:
            return Part(given, _sources(said), more, said.get("complete") is True)
    except Missing as fault:
        node = peer.node or peer.url
        if fault.code != "unknown-path":
            named = (node, fault.state, fault.code, call.question)
            _log.warning("missing node=%s dataset=access-log state=%s code=%s question=%s", *named)
        source = _source(node, fault.state, began, code=fault.code)
        return Part((), (source,), complete=False, fault=fault)
    receipt = answer.headers.get(names.RECEIPT)
    state = SourceState.FOUND if given else SourceState.NOT_FOUND
    source = _source(str(peer.node), state, began, rows=len(given), read_at=instant(read_at))
    return Part(given, (source.model_copy(update={"receipts": (receipt,) if receipt else None}),), more)


def _source(node: str, state: SourceState, began: float, **said: Any) -> Source:
    milliseconds = round((monotonic() - began) * 1_000, 2)
    return Source(
        **{
            "node": node,
            "dataset": _WHAT,
            "path": "",
            "state": state,
            "calls": 1,
            "rows": 0,
            "milliseconds": milliseconds,
            **said,
        }
    )


async def _send(call: Call, peer: Peer, path: str, ask: Ask) -> NodeAnswer:
    seconds = call.nodes_until() - monotonic()
    if peer.node is None:
        raise Missing(SourceState.DOWN, "no-connection")
    if seconds <= 0:
        raise Missing(SourceState.SLOW, "deadline-passed")
    headers = {
        **passed_on(call.headers),
        "content-type": names.JSON,
        "accept": names.JSON,
        names.QUESTION: call.question,
        names.DEADLINE: str(max(1, int(seconds * 1_000))),
        names.HOPS: str(call.hops() + 1),
    }
    body = orjson.dumps(ask.body())
    fresh = signing(call.gateway, peer.node, Message("POST", path, "", headers, body))
    try:
        return await call.gateway.nodes.call(peer.url, "POST", path, headers, body, seconds, fresh)
    except NodeFault as fault:
        raise fault_state(fault) from None


def _object(answer: NodeAnswer) -> Mapping[str, Any]:
    if answer.status != 200:
        raise reason_of(answer)
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise faulty() from None
    if not isinstance(said, dict):
        raise faulty()
    return said


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    found = said.get(name)
    if not isinstance(found, list):
        raise faulty()
    return found


def _is_entry(one: object) -> bool:
    if not isinstance(one, dict):
        return False
    number = one.get("entry")
    return (
        type(number) is int
        and 0 < number <= LAST
        and isinstance(one.get("node"), str)
        and isinstance(one.get("at"), str)
    )


def _sources(said: Mapping[str, Any]) -> tuple[Source, ...]:
    try:
        return tuple(Source.model_validate(one) for one in _list(said, "sources"))
    except ValidationError:
        raise faulty() from None
