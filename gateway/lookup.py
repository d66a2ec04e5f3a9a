"""Many keys or record ids at once, answered line by line as NDJSON: `POST …/lookup`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
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
from gateway.question import sealed_in
from gateway.record_ids import met_by_record_id
from gateway.sources import Sources
from schemas.contracts.model import SYSTEM_ITEMS, Item
from schemas.query.bound import BoundCondition, BoundQuery, Value
from schemas.query.parse import parse_body
from schemas.query.question import lookup_keys, lookup_query, lookup_values
from schemas.query.sealed import with_sealed
from schemas.trust.evidence_answer import wanted
from schemas.wire import headers as names
from schemas.wire.preference import preferences

_BY_RECORD_ID = SYSTEM_ITEMS["record_id"]


async def look_up(call: Call) -> Reply:
    """Parse, bind, refuse early, plan, then run and answer chunk by chunk; the first chunk before any header."""
    members = await call.json()
    by, sent = lookup_keys(members, call.gateway.settings.max_keys)
    sealed = sealed_in(call, members)
    query = lookup_query(with_sealed(parse_body(members), sealed), by)
    partial = preferences(call.headers.get("prefer", "")).partial
    call.mark("parse")
    question = bound(call, query)
    item = _BY_RECORD_ID if by is None else _item_of(question)
    question = replace(question, where=question.where if by is None else question.where[:-1])
    values = lookup_values(item, sent)
    call.mark("bind")
    call.caller = caller_of(call.headers)
    level = _level(call, question, item, len(values), partial)
    call.mark("plan")
    lines = _lines(call, level, sent, values, partial)
    first = await anext(lines)
    call.mark("run")
    headers = {names.CONTRACT_VERSION: str(question.contract.major)}
    if partial:
        headers["Preference-Applied"] = "partial=allow"
    return Reply(200, _after(first, lines), names.NDJSON, headers)


def _item_of(question: BoundQuery) -> Item:
    last = question.where[-1]
    assert isinstance(last, BoundCondition)
    return last.item


def _level(call: Call, question: BoundQuery, item: Item, keys: int, partial: bool) -> Level:
    level = lookup_of(question, call.area, call.gateway.settings, call.caller, item, keys)
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
    if partial or wanted(call.headers):
        end["sources"] = sources.document()
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
