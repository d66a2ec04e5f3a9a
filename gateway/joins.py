"""Batched key joins: the records that rows meet along their embeds, matched by decoded key; used by `run`, `lookup`.

Keys are opaque here: de-duplicated, compared for equality, sent on, and never parsed, shown or logged; those of
personal items are sealed, which makes no difference to how they are joined.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from gateway.area import Offer
from gateway.asking import Asker, together
from gateway.judging import Row
from gateway.plan import Join, Level
from gateway.sources import Missing
from schemas.query.bound import BoundCondition, Value
from schemas.query.semantics import sort_key
from schemas.query.tree import Operator
from schemas.query.values import to_wire
from schemas.trust.sealing import key_id_in

#: What a key met: rows, or None when a missing source knows.
Met = list[Row] | None
_NOTHING: list[Row] = []


@dataclass(slots=True)
class Joiner:
    """Follows the joins of one question. `undecided` is set when rows were left out because a missing source would
    have decided whether they belong to the answer."""

    asker: Asker
    keys_per_call: int
    undecided: bool = False

    async def decide(self, level: Level, rows: list[Row]) -> list[Row]:
        """The rows that have a match on every inner join, to any depth. Undecidable ones are left out."""
        inner = level.inner
        if not inner or not rows:
            return rows
        await together(*(self._attach(join, rows) for join in inner))
        kept = []
        for row in rows:
            met: list[Met] = [row[join.name] for join in inner]
            if all(met):
                kept.append(row)
            elif _NOTHING not in met:
                self.undecided = True
        return kept

    async def complete(self, level: Level, rows: list[Row]) -> None:
        """Put the final value of every join into the rows: an array, an object or null; null when it is missing."""
        if level.joins and rows:
            await together(*(self._fill(join, rows) for join in level.joins))

    async def met(self, level: Level, keys: Sequence[Value]) -> dict[Value, list[Row]] | None:
        """The decided rows of a level by key, each key's within the level's window; None when a source is missing."""
        assert level.key is not None
        narrowed = BoundCondition(level.key.item, Operator.IN, tuple(keys), sealed_for=level.key.sealed_for)
        pushed = len(keys) == 1 and len(level.offers) == 1 and not level.inner
        sides = await together(*(self._side(level, offer, narrowed, pushed) for offer in level.offers))
        if None in sides:
            return None
        rows = await self.decide(level, merged(level, sides))
        return grouped(level, rows, windowed=not pushed)

    async def _fill(self, join: Join, rows: list[Row]) -> None:
        if not join.inner:
            await self._attach(join, rows)
        lists = {id(met): met for row in rows if (met := row[join.name])}
        await self.complete(join.level, [row for met in lists.values() for row in met])
        final = {place: _final(join, shaped(join.level, met)) for place, met in lists.items()}
        empty = _final(join, _NOTHING)
        for row in rows:
            met = row[join.name]
            row[join.name] = final[id(met)] if met else empty if met is not None else None

    async def _attach(self, join: Join, rows: list[Row]) -> None:
        """Put what each row met into it; a null key meets nothing, whoever is away."""
        keys = _distinct(row[join.parent.name] for row in rows)
        chunks = list(_chunks(keys, self.keys_per_call, sealed=join.parent.sealed_for is not None))
        self.asker.sources.known(join.level)
        found: dict[Value, Met] = {}
        for chunk, met in zip(
            chunks, await together(*(self.met(join.level, chunk) for chunk in chunks)), strict=True
        ):
            found.update(met if met is not None else dict.fromkeys(chunk))
        for row in rows:
            row[join.name] = found.get(row[join.parent.name], _NOTHING)

    async def _side(self, level: Level, offer: Offer, narrowed: BoundCondition, pushed: bool) -> Met:
        """All rows of one node that meet the keys, page by page; None when it is missing."""
        limit, offset = (level.limit, level.offset) if pushed else (None, 0)
        rows: list[Row] = []
        cursor: str | None = None
        try:
            while True:
                page = await self.asker.rows(
                    level, offer, narrowed=narrowed, limit=limit, offset=offset, cursor=cursor
                )
                rows += page.rows
                cursor = page.next
                if cursor is None or (limit is not None and len(rows) >= limit):
                    return rows[:limit]
        except Missing:
            return None


def merged(level: Level, sides: Sequence[list[Row]]) -> list[Row]:
    """The rows of several nodes in the question's order; equal ones by node, in the settings' order."""
    if len(sides) == 1:
        return sides[0]
    if not level.order:
        return [row for side in sides for row in side]
    key = sort_key(level.asked.order)
    return list(heapq.merge(*sides, key=lambda row: key(order_values(level, row))))  # type: ignore[arg-type,return-value]


def order_values(level: Level, row: Row) -> tuple[Value, ...]:
    return tuple(row[column.name] for column in level.order)


def grouped(level: Level, rows: list[Row], *, windowed: bool) -> dict[Value, list[Row]]:
    """Rows by key; with `windowed` each key's rows within the level's limit and offset."""
    assert level.key is not None
    name = level.key.name
    found: dict[Value, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    if windowed and (level.limit is not None or level.offset):
        end = None if level.limit is None else level.offset + level.limit
        return {key: each[level.offset : end] for key, each in found.items()}
    return found


def shaped(level: Level, rows: Iterable[Row]) -> list[Row]:
    """The rows as the caller sees them: without the columns that only the gateway reads, embeds in the order asked."""
    if not level.hidden and len(level.joins) <= 1:
        return list(rows)
    embeds = [join.name for join in level.joins]
    left_out = level.hidden.union(embeds)
    return [
        {name: value for name, value in row.items() if name not in left_out}
        | {name: row[name] for name in embeds if name in row}
        for row in rows
    ]


def _final(join: Join, rows: list[Row]) -> Any:
    if not join.one:
        return rows
    return rows[0] if rows else None


def _chunks(keys: list[Value], most: int, *, sealed: bool) -> Iterator[list[Value]]:
    """The keys in parts; sealed ones by the key that sealed them, for a node answers by one alone."""
    alike = groupby(keys, key=lambda key: key_id_in(str(key))) if sealed else [("", iter(keys))]
    for _, part in alike:
        while chunk := list(islice(part, most)):
            yield chunk


def _distinct(keys: Iterable[Value]) -> list[Value]:
    """The keys that are not null, each once, in an order that depends on nothing but them."""
    return sorted(set(keys) - {None}, key=lambda key: str(to_wire(key)))
