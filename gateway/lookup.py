"""Many keys or record ids at once, answered line by line as NDJSON: `POST …/lookup`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gateway.answering import missing_problem
from gateway.asking import Asker, too_costly
from gateway.binding import bound
from gateway.call import Call, Reply
from gateway.caller import caller_of
from gateway.extent import extent
from gateway.joins import Joiner, shaped
from gateway.judging import Row
from gateway.plan import Level
from gateway.planning import lookup_of
from gateway.record_ids import met_by_record_id
from gateway.sources import Sources
from schemas.contracts.model import SYSTEM_ITEMS, Item
from schemas.query.bound import BoundCondition, BoundQuery, Value
from schemas.query.parse import parse_body
from schemas.query.tree import Condition, Operator, Place, Query
from schemas.query.values import UnreadableValue, from_json
from schemas.wire import headers as names
from schemas.wire.preference import preferences
from schemas.wire.problem import Problem

_BY_RECORD_ID = SYSTEM_ITEMS["record_id"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A parsed lookup: `sent` as the caller wrote the keys; `by` names their item, None for record ids."""

    query: Query
    by: str | None
    sent: Sequence[Any]


async def look_up(call: Call) -> Reply:
    """Parse, bind, refuse early, plan, then run and answer chunk by chunk; the first chunk before any header."""
    asked = _parse(call, await call.json())
    partial = preferences(call.headers.get("prefer", "")).partial
    call.mark("parse")
    question = bound(call, asked.query)
    item = _BY_RECORD_ID if asked.by is None else _item_of(question)
    question = replace(question, where=question.where if asked.by is None else question.where[:-1])
    values = [_value(item, one, place) for place, one in enumerate(asked.sent)]
    call.mark("bind")
    call.caller = caller_of(call.headers)
    level = _level(call, question, item, len(values), partial)
    call.mark("plan")
    lines = _lines(call, level, asked.sent, values, partial)
    first = await anext(lines)
    call.mark("run")
    headers = {names.CONTRACT_VERSION: str(question.contract.major)}
    if partial:
        headers["Preference-Applied"] = "partial=allow"
    return Reply(200, _after(first, lines), names.NDJSON, headers)


def _parse(call: Call, members: dict[str, Any]) -> Lookup:
    by = members.pop("by", None)
    ids = members.pop("record_ids", None)
    keys = members.pop("keys", None) if ids is None else ids
    if not isinstance(keys, list) or (by is None) is (ids is None) or not isinstance(by, (str, type(None))):
        raise Problem("bad-body", 'Send either "by" with a list of "keys", or a list of "record_ids".')
    limit = call.gateway.settings.max_keys
    if len(keys) > limit:
        raise Problem("too-large", f"{len(keys)} keys are more than {limit}.", members={"limit": limit})
    query = parse_body(members)
    if query.limit is not None or query.offset:
        raise Problem("bad-body", "A lookup answers every key whole; it takes no limit and no offset.")
    if by is not None:
        # An empty IN lets `bind` find the item, and say what is wrong with it, as for any filter.
        query = query.with_where(Condition(by, Operator.IN, (), place=Place("by")))
    return Lookup(query, by, keys)


def _item_of(question: BoundQuery) -> Item:
    last = question.where[-1]
    assert isinstance(last, BoundCondition)
    return last.item


def _value(item: Item, sent: Any, place: int) -> Value:
    where = {"item": item.name, "position": place}
    try:
        value = from_json(item, sent)
    except UnreadableValue as fault:
        raise Problem("bad-value", str(fault), members=where) from None
    if value is None:
        message = f"{item.name} is looked up by values, not by null."
        raise Problem("bad-value", message, members=where)
    return value


def _level(call: Call, question: BoundQuery, item: Item, keys: int, partial: bool) -> Level:
    level = lookup_of(question, call.area, call.caller, item, keys)
    if level.refusal is not None:
        raise level.refusal
    for below in level.every():
        if below.refusal is not None and not partial:
            raise below.refusal
    estimate, limit = sum(one.estimate for one in level.every()), call.gateway.settings.cost_limit
    if estimate > limit:
        raise too_costly(estimate, limit)
    return level


async def _lines(
    call: Call, level: Level, sent: Sequence[Any], values: Sequence[Value], partial: bool
) -> AsyncIterator[bytes]:
    """One piece of NDJSON per chunk of keys, then the end line; always at least one piece."""
    sources = Sources(call.gateway.clock)
    size = call.gateway.settings.join_keys
    joiner = Joiner(Asker(call, sources), size)
    total = shown = 0
    for begin in range(0, len(values), size):
        chunk = values[begin : begin + size]
        found = await _found(joiner, level, list(dict.fromkeys(chunk)))
        if not partial and (found is None or joiner.undecided or not sources.complete):
            raise missing_problem(sources.missing())
        lines = []
        for key, value in zip(sent[begin : begin + size], chunk, strict=True):
            records = None if found is None else found.get(value, [])
            total += len(records or ())
            # Before they are written: a key sent again and again shows its records as often.
            shown += extent(level, records or ())
            joiner.asker.allow(shown)
            lines.append(orjson.dumps({"key": key, "records": records}))
        yield b"\n".join(lines) + b"\n"
    end: dict[str, Any] = {"keys": len(values), "records": total}
    if partial:
        end["complete"] = sources.complete and not joiner.undecided
        end["sources"] = [one.model_dump(mode="json", exclude_none=True) for one in sources.listed()]
    yield orjson.dumps({"end": end}) + b"\n"


async def _found(joiner: Joiner, level: Level, keys: Sequence[Value]) -> Mapping[Value, list[Row]] | None:
    """The records of each key as the caller sees them; None when a node of the dataset is missing."""
    by_record_id = level.key is not None and level.key.item is _BY_RECORD_ID
    met = await (met_by_record_id if by_record_id else Joiner.met)(joiner, level, keys)
    if met is None:
        return None
    await joiner.complete(level, [row for rows in met.values() for row in rows])
    return {key: shaped(level, rows) for key, rows in met.items()}


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
