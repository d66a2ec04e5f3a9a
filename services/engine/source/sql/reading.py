"""Rows as a driver gives them, read into values by the codecs; made once for each shape by `source`."""

from collections.abc import Callable, Sequence
from typing import Any

from schemas.query.bound import Value
from schemas.wire.record_id import record_id
from services.engine.pseudonym_keys import PseudonymKeys
from services.engine.source.port import Key, Page
from services.engine.source.sql.driver import Rows
from services.engine.source.sql.layout import Layout
from services.engine.source.sql.shapes import Shape
from services.engine.source.sql.statements import RECORD_ID, VERSION, read_items

_Row = Sequence[Any]
_Cell = Callable[[_Row], Value]

#: What is shown of a record that capture has not met yet.
UNVERSIONED = "0.0"


class Reader:
    """Reads the rows of one shape's pages. The secret of `keys` that names makes the record ids."""

    def __init__(self, shape: Shape, layout: Layout, keys: PseudonymKeys) -> None:
        self._contract, self._keys = layout.mapping.contract, keys
        read = read_items(shape, layout)
        cells = {item: _cell(place, layout.field(item).codec.decode) for place, item in enumerate(read)}
        self._key = tuple(cells[item] for item in layout.key)
        self._position = tuple(cells[term.item] for term in shape.order) + self._key
        cells |= {RECORD_ID: self._record_id, VERSION: _version}
        self._shown = tuple(cells[item] for item in shape.columns)

    def page(self, rows: Rows, limit: int) -> Page:
        """The first `limit` of the rows; one more says that the page has a next."""
        more = len(rows) > limit
        kept = rows[:limit] if more else rows
        last = tuple(cell(kept[-1]) for cell in self._position) if more and kept else None
        return Page([tuple([cell(row) for cell in self._shown]) for row in kept], last)

    def key(self, row: _Row) -> Key:
        return tuple(cell(row) for cell in self._key)

    def _record_id(self, row: _Row) -> Value:
        return record_id(self._contract, self.key(row), self._keys.secret)


def _cell(place: int, decode: Callable[[object], Value]) -> _Cell:
    return lambda row: decode(row[place])


def _version(row: _Row) -> Value:
    """Epoch and number stand last in the row."""
    return UNVERSIONED if row[-1] is None else f"{row[-2]}.{row[-1]}"
