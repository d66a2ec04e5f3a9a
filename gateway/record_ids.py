"""Records by record id: all nodes of a dataset are asked, for an id does not say whose it is; by `one` and `lookup`.

A record may be asked for by an earlier id while a department's pseudonym key is followed by another: then it bears its
own id, and stands in the line of the one that was asked for.
"""

from collections.abc import Mapping, Sequence

import orjson

from gateway.area import Offer
from gateway.asking import together
from gateway.joins import Joiner, Met, merged
from gateway.judging import Row, accepted, check_rows, faulty
from gateway.nodes import NodeAnswer
from gateway.plan import Level
from gateway.sources import Missing
from schemas.query.bound import Value
from schemas.trust.evidence_chunks import without

#: Where a row says which id it was met by: no column is called so.
_ASKED = " asked"


async def met_by_record_id(
    joiner: Joiner, level: Level, ids: Sequence[Value]
) -> dict[Value, list[Row]] | None:
    """The decided rows by record id; None when a node that may keep one of them is missing."""
    sides = await together(*(_side(joiner, level, offer, ids) for offer in level.offers))
    if None in sides:
        return None
    found: dict[Value, list[Row]] = {}
    for row in await joiner.decide(level, merged(level, sides)):
        found.setdefault(row.pop(_ASKED), []).append(row)
    return found


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
        of_ids = [line["records"] for line in lines]
        rows = [row for each in of_ids for row in each]
        whole = "end" in end
    except (orjson.JSONDecodeError, ValueError, TypeError, KeyError):
        raise faulty() from None
    if not whole or keys != list(ids):
        raise faulty()
    check_rows(level, rows)
    assert level.key is not None
    own = {asked: [row[level.key.name] for row in each] for asked, each in zip(ids, of_ids, strict=True)}
    if not all(_fits(asked, own) for asked in own):
        raise faulty()
    for asked, each in zip(ids, of_ids, strict=True):
        for row in each:
            row[_ASKED] = asked
    return rows


def _fits(asked: Value, own: Mapping[Value, Sequence[Value]]) -> bool:
    """Whether the records in an id's line may answer for it; `own` are their own ids in each line. They bear it; or it
    is an earlier id of one record alone, which answers for its own too, if that is asked for."""
    met = own[asked]
    return all(one == asked or (len(met) == 1 and own.get(one, met) == met) for one in met)
