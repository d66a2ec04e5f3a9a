"""Records by record id: all nodes of a dataset are asked, for an id does not say whose it is; by `one` and `lookup`."""

from collections.abc import Sequence

import orjson

from gateway.area import Offer
from gateway.asking import together
from gateway.joins import Joiner, Met, grouped, merged
from gateway.judging import Row, accepted, check_rows, faulty
from gateway.nodes import NodeAnswer
from gateway.plan import Level
from gateway.sources import Missing
from schemas.query.bound import Value
from schemas.trust.evidence_chunks import without


async def met_by_record_id(
    joiner: Joiner, level: Level, ids: Sequence[Value]
) -> dict[Value, list[Row]] | None:
    """The decided rows by record id; None when a node that may keep one of them is missing."""
    sides = await together(*(_side(joiner, level, offer, ids) for offer in level.offers))
    if None in sides:
        return None
    return grouped(level, await joiner.decide(level, merged(level, sides)), windowed=False)


async def _side(joiner: Joiner, level: Level, offer: Offer, ids: Sequence[Value]) -> Met:
    def judge(answer: NodeAnswer) -> tuple[list[Row], int]:
        accepted(level, offer, answer, (200,))
        rows = _rows(level, answer.body, ids)
        return rows, len(rows)

    sent = {**joiner.asker.question(level), "record_ids": list(ids)}
    try:
        return await joiner.asker.ask(level, offer, "lookup", sent, judge)
    except Missing:
        return None


def _rows(level: Level, body: bytes, ids: Sequence[Value]) -> list[Row]:
    """The rows of an NDJSON answer; Missing unless each id has its line, and the end line closes them."""
    try:
        *lines, end = (orjson.loads(line) for line in without(body).splitlines())
        keys = [line["key"] for line in lines]
        rows = [row for line in lines for row in line["records"]]
        whole = "end" in end
    except (orjson.JSONDecodeError, ValueError, TypeError, KeyError):
        raise faulty() from None
    if not whole or keys != list(ids):
        raise faulty()
    check_rows(level, rows)
    assert level.key is not None
    if any(row[level.key.name] not in ids for row in rows):
        raise faulty()
    return rows
