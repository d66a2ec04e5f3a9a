"""What a gateway sends and is given sealed: keys of links that are opened before anything else is done with them, and
columns that are sealed as they are written; used by the reads of the data plane."""

from collections.abc import Mapping
from dataclasses import replace

from schemas.contracts.model import Item
from schemas.query.bound import BoundCondition, BoundFilter, BoundQuery, Value
from schemas.query.values import UnreadableValue, from_text
from schemas.trust.link_keys import ends_of, seals
from schemas.trust.model import Role
from schemas.trust.sealing import NotOpened, Seal, key_id_in
from schemas.wire.problem import Problem
from services.engine.api.call import Call

#: Seals by item and the `<dataset>.<item>` at the other end of the link.
Seals = Mapping[tuple[str, str], Seal]


def unsealed(call: Call, bound: BoundQuery) -> BoundQuery:
    """The question with the keys that came sealed as what they are, in an order that depends on nothing else; what it
    shows sealed is sealed by `call.seals`. The caller must be known.

    Problem sealed-key-refused, link-key-missing.
    """
    if not (used := _used(bound)):
        return bound
    _refuse_others(call)
    call.seals = {(item, other): _seal(call, item, other, ids) for (item, other), ids in used.items()}
    return replace(bound, where=tuple(_opened(call, one) for one in bound.where))


def _used(bound: BoundQuery) -> Mapping[tuple[str, str], set[str]]:
    """The links of which something is sealed, with the ids of the keys by which theirs came."""
    came: dict[tuple[str, str], set[str]] = {}
    for one in bound.where:
        if isinstance(one, BoundCondition) and one.sealed_for is not None and isinstance(one.value, tuple):
            named = came.setdefault((one.item.name, one.sealed_for), set())
            named.update(key_id_in(str(text)) for text in one.value)
    for column in bound.columns:
        if column.sealed_for is not None:
            came.setdefault((column.item.name, column.sealed_for), set())
    return came


def _seal(call: Call, item: str, other: str, ids: set[str]) -> Seal:
    """By the key by which the link's keys came, so that what is shown is equal to what came; where none came, or not by
    one key, by the one that is to seal now."""
    ends = ends_of(f"{call.dataset}.{item}", other)
    held = call.node.gate.link_keys.held(ends)
    by = seals(held, call.node.clock())
    if len(ids) == 1:
        by = next((one for one in held if one.key_id in ids), by)
    return Seal(held, by, ends, call.question)


def _opened(call: Call, one: BoundFilter) -> BoundFilter:
    if not isinstance(one, BoundCondition) or one.sealed_for is None or not isinstance(one.value, tuple):
        return one
    seal = call.seals[one.item.name, one.sealed_for]
    texts = sorted({_open(call, seal, str(text)) for text in one.value})
    return replace(one, value=tuple(_read(one.item, text) for text in texts))


def _open(call: Call, seal: Seal, text: str) -> str:
    try:
        return seal.open(text)
    except NotOpened as fault:
        if fault.key_id is not None:
            raise call.node.gate.link_keys.lacks(seal.ends, fault.key_id) from None
        raise _refused("they do not open for this link and question") from None


def _read(item: Item, text: str) -> Value:
    try:
        return from_text(item, text)
    except UnreadableValue:
        raise _refused(f"they are no values of {item.name}") from None


def _refuse_others(call: Call) -> None:
    """Nobody but a gateway asks for what is sealed: who asks a department itself is shown what it may see."""
    named = call.sender is not None or call.node.settings.require_messages
    if named and (call.sender is None or call.sender.role is not Role.GATEWAY):
        raise _refused("a gateway alone sends and is given any")


def _refused(why: str) -> Problem:
    return Problem("sealed-key-refused", f"sealed join keys are refused: {why}")
