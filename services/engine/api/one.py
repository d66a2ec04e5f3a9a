"""One record at its address: `GET /records/{kind}/{dataset}/{record_id}`, with its version as ETag."""

from dataclasses import replace
from functools import lru_cache

import orjson

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import SYSTEM_ITEMS
from schemas.query.bind import bind
from schemas.query.bound import BoundColumn, BoundQuery, Value
from schemas.query.parse import parse_params
from schemas.trust.entries import Act
from schemas.trust.follows import Step
from schemas.trust.subjects import addressed, reader
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.addressing import addresses, keys_of, unknown_record
from services.engine.api.call import Call, Reply
from services.engine.api.entering import asked
from services.engine.api.knowing import hold, know
from services.engine.api.listing import without_embeds
from services.engine.api.rows import RowWriter
from services.engine.source.keys import by_keys

#: Longest parameters that are remembered, in characters: bounds the memory that callers can fill.
_LONGEST_KEPT = 2_000
_VERSION = BoundColumn("", SYSTEM_ITEMS["record_version"])


async def read_one(call: Call) -> Reply:
    """Bind, access, select, answer. The address is no filter: it needs no right to the key's items."""
    bound = _question(call)
    call.mark("bind")
    await know(call)
    decided = call.node.gate.decide(bound, call.caller, addressed=True)
    put, bound = bound, decided.query
    await hold(call, Step(put, ids=frozenset({call.record_id})), decided)
    call.mark("access")
    call.disclosure = await asked(call, Act.READ, put, decided)
    call.disclosure.subjects.update(addressed(bound.contract, addresses(bound.contract, call.record_id)))
    row = await _select(call, bound)
    call.mark("select")
    headers = {names.CONTRACT_VERSION: str(bound.contract.major)}
    if not call.caller.anonymous:
        # Versions are for members alone: they also rise when nothing changed that everybody may see.
        headers["ETag"] = f'"{row[-1]}"'
        if call.headers.get("if-none-match") == headers["ETag"]:
            return Reply(304, headers=headers)
    return Reply(200, orjson.dumps(RowWriter(bound.columns).records([row])[0]), names.JSON, headers)


def _question(call: Call) -> BoundQuery:
    short = sum(len(name) + len(text) for name, text in call.parameters) <= _LONGEST_KEPT
    bind_it = _bound if short else _bound.__wrapped__
    return bind_it(call.node.catalogue, call.dataset, call.major(), tuple(call.parameters))


@lru_cache(maxsize=1_024)
def _bound(
    catalogue: Catalogue, dataset: str, major: int | None, parameters: tuple[tuple[str, str], ...]
) -> BoundQuery:
    """The question of a record's address, which names items and holds no values: callers send few different ones."""
    query = without_embeds(parse_params(parameters))
    if query.where or query.order or query.limit is not None or query.offset:
        raise Problem("unknown-parameter", "One record's address takes the parameter select alone.")
    return bind(query, catalogue, dataset, major, in_url=True)


async def _select(call: Call, bound: BoundQuery) -> tuple[Value, ...]:
    assert call.disclosure is not None
    keys = await keys_of(call.node.source, bound.contract, call.record_id)
    subjects = reader(bound.contract, bound.columns)
    where = (*bound.where, by_keys(bound.contract, keys))
    page = await call.node.source.page(
        replace(bound, columns=(*subjects.columns, _VERSION), where=where), limit=1
    )
    rows = call.disclosure.shown_of(subjects, page.rows)
    if not rows:
        raise unknown_record()
    call.disclosure.show(subjects, rows)
    return rows[0]
