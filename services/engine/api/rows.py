"""Rows as the store gives them, written as JSON; called by every read of the data plane."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

import orjson

from schemas.contracts.model import Item, ItemType
from schemas.query.bound import BoundColumn, Value
from schemas.query.values import to_wire
from schemas.trust.sealing import Seal

_Writer = Callable[[Value], Any]
_AS_IT_IS = frozenset({ItemType.STRING, ItemType.INTEGER, ItemType.BOOLEAN})


class RowWriter:
    """Writes rows of one question: the columns' names and wire forms are settled once, not per row. Columns that are
    given sealed are so by `seals`, by item and the other end of the link."""

    def __init__(
        self, columns: Sequence[BoundColumn], seals: Mapping[tuple[str, str], Seal] | None = None
    ) -> None:
        self._names = tuple(column.name for column in columns)
        writers = (
            _writer(one.item) if one.sealed_for is None else (seals or {})[one.item.name, one.sealed_for].seal
            for one in columns
        )
        self._special = tuple((place, one) for place, one in enumerate(writers) if one is not None)

    def records(self, rows: Sequence[tuple[Value, ...]]) -> list[dict[str, Any]]:
        """Each row as a JSON-able object."""
        if not self._special:
            return [dict(zip(self._names, row, strict=False)) for row in rows]
        return [self._record(row) for row in rows]

    def members(self, rows: Sequence[tuple[Value, ...]]) -> bytes:
        """The rows as the inside of a JSON array, without its brackets."""
        return orjson.dumps(self.records(rows))[1:-1]

    def _record(self, row: tuple[Value, ...]) -> dict[str, Any]:
        # A row may be longer than the names: columns that only the engine reads stand at its end.
        record: dict[str, Any] = dict(zip(self._names, row, strict=False))
        for place, write in self._special:
            record[self._names[place]] = write(row[place])
        return record


def _writer(item: Item) -> _Writer | None:
    if item.type in _AS_IT_IS:
        return None
    if item.type is not ItemType.DECIMAL:
        return to_wire
    places = Decimal(1).scaleb(-(item.scale or 0))
    exact = Context(prec=1_000)

    def at_scale(value: Value) -> Any:
        # Digits beyond the scale are shown, not rounded away: the contract is wrong then, not the amount.
        if not isinstance(value, Decimal):
            return to_wire(value)
        fixed = value.quantize(places, context=exact)
        return to_wire(fixed if fixed == value else value)

    return at_scale
