"""Many keys or record ids at once, answered line by line as NDJSON: `POST …/lookup`."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from schemas.contracts.model import SYSTEM_ITEMS, Contract, Item
from schemas.query.bind import bind
from schemas.query.bound import BoundColumn, BoundCondition, BoundFilter, BoundQuery, Value
from schemas.query.parse import parse_body
from schemas.query.question import lookup_keys, lookup_query, lookup_values
from schemas.query.sealed import SEALED, with_sealed
from schemas.query.tree import Operator
from schemas.trust.access import Decided
from schemas.trust.entries import Act
from schemas.trust.follows import Step
from schemas.trust.subjects import Subject, addressed, reader, searched
from schemas.wire import headers as names
from services.engine.api.addressing import addresses
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure, asked, enter
from services.engine.api.knowing import hold, know
from services.engine.api.listing import without_embeds
from services.engine.api.rows import RowWriter
from services.engine.api.sealing import unsealed
from services.engine.api.sending import with_first
from services.engine.source.keys import by_keys

#: Keys asked of the database at a time; what one statement can hold well.
_CHUNK = 200
_BY_RECORD_ID = SYSTEM_ITEMS["record_id"]


async def look_up(call: Call) -> Reply:
    """Parse, bind, access, cost, then select and answer chunk by chunk; the first chunk before any header."""
    members = await call.json()
    by, sent = lookup_keys(members, call.node.settings.max_keys)
    sealed = members.pop(SEALED, None)
    query = lookup_query(with_sealed(without_embeds(parse_body(members)), sealed), by)
    call.mark("parse")
    bound = bind(query, call.node.catalogue, call.dataset, call.major())
    item = _BY_RECORD_ID if by is None else _condition(bound.where[-1]).item
    values = lookup_values(item, sent)
    call.mark("bind")
    await know(call)
    bound = unsealed(call, bound)
    decided, probe = await _decide(call, bound, item, values)
    allowed = decided.query
    call.mark("access")
    call.estimate = len(values) if probe is None else await call.node.cost.check(allowed, counted=True)
    call.mark("cost")
    disclosure = await asked(call, Act.LOOKUP, bound, decided)
    allowed = replace(allowed, where=tuple(one for one in allowed.where if one is not probe))
    lines = _lines(call, allowed, item, sent, values, disclosure)
    first = await anext(lines)
    call.mark("select")
    return Reply(
        200, with_first(first, lines), names.NDJSON, {names.CONTRACT_VERSION: str(bound.contract.major)}
    )


async def _decide(
    call: Call, bound: BoundQuery, item: Item, values: Sequence[Value]
) -> tuple[Decided, BoundCondition | None]:
    """Access with the keys as a filter, which is also returned: a lookup uses its item as a filter would, and it may be
    the keys alone that a grant is needed for.

    A record id is an address, not an item: it needs no right beyond the items shown.
    """
    if item is _BY_RECORD_ID:
        decided = call.node.gate.decide(bound, call.caller, addressed=True)
        await hold(call, Step(bound, ids=frozenset(map(str, values))), decided)
        return decided, None
    probe = _among(item, values)
    asked = replace(bound, where=(*bound.where[:-1], probe))
    decided = call.node.gate.decide(asked, call.caller)
    await hold(call, Step(asked), decided)
    return decided, probe


def _condition(one: BoundFilter) -> BoundCondition:
    assert isinstance(one, BoundCondition)
    return one


def _among(item: Item, values: Sequence[Value]) -> BoundCondition:
    return BoundCondition(item, Operator.IN, tuple(dict.fromkeys(values)))


async def _lines(
    call: Call,
    query: BoundQuery,
    item: Item,
    sent: Sequence[Any],
    values: Sequence[Value],
    disclosure: Disclosure,
) -> AsyncIterator[bytes]:
    """One piece of NDJSON per chunk of keys, each in the access log before it is given, then the end line with the
    chunks' receipts."""
    writer, subjects = RowWriter(query.columns, call.seals), reader(query.contract, query.columns)
    query = replace(query, columns=subjects.columns)
    total = 0
    receipts = []
    for begin in range(0, max(len(values), 1), _CHUNK):
        chunk = values[begin : begin + _CHUNK]
        found = await _found(call, query, item, chunk)
        disclosed = disclosure.chunk(_named(query.contract, item, chunk))
        lines = []
        for key, value in zip(sent[begin : begin + _CHUNK], chunk, strict=True):
            rows = disclosed.shown_of(subjects, found.get(value, ()))
            total += len(rows)
            # Before they are written: a key sent again and again would show its records as often.
            call.node.cost.allow(total, total)
            disclosed.show(subjects, rows)
            lines.append(orjson.dumps({"key": key, "records": writer.records(rows)}) + b"\n")
        piece = b"".join(lines)
        receipts.append(await enter(call, disclosed, piece))
        yield piece
    end: dict[str, Any] = {"keys": len(values), "records": total}
    if None not in receipts:
        end["receipts"] = receipts
    yield orjson.dumps({"end": end}) + b"\n"


def _named(contract: Contract, item: Item, chunk: Sequence[Value]) -> Iterator[Subject]:
    """The identifiers among a chunk's keys, found or not."""
    if item is not _BY_RECORD_ID:
        yield from searched(contract, (_among(item, chunk),))
    for value in chunk if item is _BY_RECORD_ID else ():
        yield from addressed(contract, addresses(contract, str(value)))


async def _found(
    call: Call, query: BoundQuery, item: Item, chunk: Sequence[Value]
) -> Mapping[Value, Sequence[tuple[Value, ...]]]:
    """The rows met by each key of a chunk, in the question's order; what they are met by stands last in each row.

    By record id that is the record's own key, for one that came with another pseudonym key may have two ids.
    """
    if item is not _BY_RECORD_ID:
        by_value = await _rows_by(call, query.narrowed(_among(item, chunk)), (item,))
        return {value: rows for (value,), rows in by_value.items()}
    keys = await call.node.source.keys(query.contract.dataset, [str(value) for value in chunk])
    # Also where there are none: those that are not there take the way of those that may not be seen.
    met = query.narrowed(by_keys(query.contract, list(dict.fromkeys(keys.values()))))
    by_key = await _rows_by(call, met, [query.contract.items[name] for name in query.contract.key])
    return {record_id: by_key.get(key, []) for record_id, key in keys.items()}


async def _rows_by(
    call: Call, query: BoundQuery, items: Sequence[Item]
) -> Mapping[tuple[Value, ...], Sequence[tuple[Value, ...]]]:
    """A question's rows by the values of some items, which stand last in each row."""
    query = replace(query, columns=(*query.columns, *(BoundColumn("", one) for one in items)))
    found: dict[tuple[Value, ...], list[tuple[Value, ...]]] = {}
    after: tuple[Value, ...] | None = None
    while True:
        page = await call.node.source.page(query, limit=call.node.settings.page_rows, after=after)
        for row in page.rows:
            found.setdefault(row[-len(items) :], []).append(row)
        after = page.last
        if after is None:
            return found
