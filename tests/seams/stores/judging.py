"""What a store must answer, worked out from the stored spellings by codecs and `schemas.query.semantics` alone."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from schemas.query.bound import BoundOrder, BoundQuery, Value
from schemas.query.semantics import matches, sort_key
from schemas.wire.record_id import record_id
from services.engine.source.port import RecordSource
from tests.seams.stores import depot
from tests.seams.stores.asking import Row

Answer = list[tuple[Value, ...]]


def expected(query: BoundQuery, rows: Sequence[Row]) -> Answer:
    """Every row that meets the question, in total order. A row whose key cannot be read is no record."""
    records = [depot.read(row) for row in rows]
    met = [
        one for one in records if None not in (one["code"], one["nth"]) and matches(query.where, one) is True
    ]
    order = [*query.order, *(BoundOrder(depot.ITEMS[item], False, False) for item in query.contract.key)]
    by_order = cast("Callable[[Sequence[Value]], Any]", sort_key(order))
    met.sort(key=lambda one: by_order([one[term.item.name] for term in order]))
    return [tuple(_shown(query, one, column.item.name) for column in query.columns) for one in met]


def _shown(query: BoundQuery, record: dict[str, Value], item: str) -> Value:
    if item != "record_id":
        return record[item]
    return record_id(query.contract, [record[part] for part in query.contract.key], depot.SECRET)


async def walked(source: RecordSource, query: BoundQuery, size: int) -> Answer:
    """A question's rows, page by page; no page but the last is short, and the last names no next."""
    found: Answer = []
    after = None
    while True:
        page = await source.page(query, limit=size, after=after)
        found += page.rows
        after = page.last
        if after is None:
            return found
        assert len(page.rows) == size
