"""What became of the records that a caller holds, answered line by line as NDJSON: `POST …/changes`.

The body is a question without a window, and what the caller holds of its answer: versions by record id. What comes
back turns the one into the other: what is new to the caller, what has changed, and what is no more among the records
that it may see, for whatever reason. So whoever may see some rows alone follows these, and a record that leaves them is
deleted for that caller. The node keeps nothing of anybody's: who holds nothing is told all.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from schemas.contracts.model import SYSTEM_ITEMS, Contract
from schemas.query.bind import bind
from schemas.query.bound import BoundColumn, BoundQuery, Value
from schemas.query.parse import parse_body
from schemas.query.question import holdings, whole
from schemas.trust.entries import Act
from schemas.trust.subjects import Subject, addressed, reader
from schemas.wire import headers as names
from services.engine.api.addressing import addresses
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure, asked, enter
from services.engine.api.knowing import know_own
from services.engine.api.listing import without_embeds
from services.engine.api.rows import RowWriter
from services.engine.api.sending import with_first

_ID, _VERSION = (BoundColumn("", SYSTEM_ITEMS[name]) for name in ("record_id", "record_version"))
CREATED, UPDATED, DELETED = "created", "updated", "deleted"


async def changes(call: Call) -> Reply:
    """Parse, bind, access, cost, then walk the question's records and answer page by page; one before any header."""
    members = await call.json()
    held = holdings(members, call.node.settings.max_keys)
    query = whole(without_embeds(parse_body(members)))
    call.mark("parse")
    bound = bind(query, call.node.catalogue, call.dataset, call.major())
    call.mark("bind")
    # A gateway would be told all rows of the grant; and callers come here themselves.
    await know_own(call)
    decided = call.node.gate.decide(replace(bound, columns=(*bound.columns, _ID, _VERSION)), call.caller)
    # The last two are for us.
    allowed = replace(decided.query, columns=decided.query.columns[:-2])
    call.mark("access")
    call.estimate = await call.node.cost.check(allowed, counted=True)
    call.mark("cost")
    disclosure = await asked(call, Act.READ, bound, replace(decided, query=allowed))
    lines = _lines(call, allowed, held, disclosure)
    first = await anext(lines)
    call.mark("select")
    headers = {names.CONTRACT_VERSION: str(bound.contract.major)}
    return Reply(200, with_first(first, lines), names.NDJSON, headers)


async def _lines(
    call: Call, query: BoundQuery, held: Mapping[str, str], disclosure: Disclosure
) -> AsyncIterator[bytes]:
    """A piece of NDJSON for each page that has news, and one at the end; each in the access log before it is given.

    Of a record without news too the next piece tells, by its silence: that it is still as the caller holds it.
    """
    writer, subjects = RowWriter(query.columns), reader(query.contract, query.columns)
    walked = replace(query, columns=(*subjects.columns, _ID, _VERSION))
    unseen, told = dict(held), Counter[str]()
    receipts: list[str | None] = []
    after: tuple[Value, ...] | None = None
    # Whoever names a person by a record id is told of that person, be there such a record or not.
    disclosed, begun = disclosure.chunk(_named(query.contract, held)), False
    while after is not None or not begun:
        begun = True
        page = await call.node.source.page(walked, limit=call.node.settings.page_rows, after=after)
        after = page.last
        disclosed.show(subjects, page.rows)
        news = [row for row in page.rows if unseen.pop(_text(row[-2]), None) != row[-1]]
        lines = [_line(writer, row, held, told) for row in news]
        if after is None:
            lines += [_gone(record_id, told) for record_id in unseen]
        # That nothing is new is an answer too.
        if lines or (after is None and (disclosed.records or not receipts)):
            piece = b"".join(lines)
            receipts.append(await enter(call, disclosed, piece))
            yield piece
            disclosed = disclosure.chunk(())
    yield _end(told, receipts)


def _named(contract: Contract, held: Iterable[str]) -> Iterator[Subject]:
    """The identifiers that the ids which a caller holds show by themselves."""
    for record_id in held:
        yield from addressed(contract, addresses(contract, record_id))


def _line(writer: RowWriter, row: tuple[Value, ...], held: Mapping[str, str], told: Counter[str]) -> bytes:
    record_id = _text(row[-2])
    kind = UPDATED if record_id in held else CREATED
    told[kind] += 1
    [record] = writer.records([row])
    return _written({"type": kind, "record_id": record_id, "record_version": row[-1], "record": record})


def _gone(record_id: str, told: Counter[str]) -> bytes:
    told[DELETED] += 1
    return _written({"type": DELETED, "record_id": record_id})


def _end(told: Counter[str], receipts: Sequence[str | None]) -> bytes:
    end: dict[str, Any] = {kind: told[kind] for kind in (CREATED, UPDATED, DELETED)}
    if None not in receipts:
        end["receipts"] = receipts
    return _written({"end": end})


def _written(line: Mapping[str, Any]) -> bytes:
    return orjson.dumps(line) + b"\n"


def _text(value: Value) -> str:
    return str(value)
