"""Tests of a shape as SQL conditions, three-valued as the semantics are; called by `statements`."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    Numeric,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeEngine

from schemas.contracts.model import ItemType
from schemas.query.tree import Operator
from services.engine.capture.tables import SQLITE
from services.engine.source.sql.layout import Layout
from services.engine.source.sql.shapes import Among, Compared, Grouped, Is, Never, Not, Spelt, Test

#: Begins the name of a parameter; no department's column begins so.
PLACE = "lq_"

_Condition = ColumnElement[bool]
_Type = type[TypeEngine[Any]]

_BY_ITEM: Mapping[ItemType, _Type] = {
    ItemType.STRING: Text,
    ItemType.INTEGER: BigInteger,
    ItemType.DECIMAL: Numeric,
    ItemType.BOOLEAN: Boolean,
    ItemType.DATE: Date,
    ItemType.TIMESTAMP: TIMESTAMP,
}
_BY_COLUMN: Mapping[str, _Type] = {
    "integer": BigInteger,
    "bigint": BigInteger,
    "numeric": Numeric,
    "boolean": Boolean,
    "date": Date,
    "timestamp": TIMESTAMP,
}
_COMPARE: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQ: lambda left, right: left == right,
    Operator.NEQ: lambda left, right: left != right,
    Operator.GT: lambda left, right: left > right,
    Operator.GTE: lambda left, right: left >= right,
    Operator.LT: lambda left, right: left < right,
    Operator.LTE: lambda left, right: left <= right,
}


class Binds:
    """Parameters in the order in which `shapes` took out their values, named by their places."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == SQLITE
        self._numbers = count()

    def one(self, of_type: _Type) -> BindParameter[Any]:
        return bindparam(f"{PLACE}{next(self._numbers)}", type_=of_type())

    def number(self) -> BindParameter[int]:
        return self.one(BigInteger)

    def among(self, left: ColumnElement[Any], of_type: _Type) -> _Condition:
        """Whether `left` is in a list, which is one parameter however long it is."""
        if self._sqlite:
            listed: Select[Any] = select(literal_column("value")).select_from(func.json_each(self.one(Text)))
            return left.in_(listed)
        return left == any_(bindparam(f"{PLACE}{next(self._numbers)}", type_=ARRAY(of_type)))


class Conditions:
    """Conditions over one layout."""

    def __init__(self, layout: Layout, binds: Binds) -> None:
        self._layout = layout
        self._sqlite = layout.dialect == SQLITE
        self._binds = binds

    def of(self, test: Test, positive: bool = True) -> _Condition:
        """`positive`: here false may stand for null, so that a value need not be wrapped and its index serves."""
        match test:
            case Spelt():
                return self._spelt(test)
            case Compared(item) | Among(item):
                twin = self._layout.twins[item]
                if positive:
                    return and_(literal_column(twin.readable), self._met(test, literal_column(twin.value)))
                return self._met(test, literal_column(twin.decoded))
            case Is():
                return self._is(test)
            case Not(inner):
                return not_(self.of(inner, not positive))
            case Never():
                return false()
            case Grouped(any_of, members):
                found = [self.of(member, positive) for member in members]
                return or_(false(), *found) if any_of else and_(true(), *found)

    def _spelt(self, test: Spelt) -> _Condition:
        collated = " COLLATE BINARY" if self._sqlite else ""
        column: ColumnElement[Any] = literal_column(self._layout.column(test.item) + collated)
        of_type = column_type(self._layout, test.item)
        return column == self._binds.one(of_type) if test.one else self._binds.among(column, of_type)

    def _met(self, test: Compared | Among, left: ColumnElement[Any]) -> _Condition:
        of_type = value_type(self._layout, test.item)
        if isinstance(test, Among):
            return self._binds.among(left, of_type)
        right = self._binds.one(of_type)
        if test.operator is Operator.LIKE:
            return left.op("GLOB" if self._sqlite else "LIKE", is_comparison=True)(right)
        if test.operator is Operator.ILIKE:
            # SQLite's own LIKE folds ASCII alone, and needs its escape said.
            return (
                left.like(right, escape="\\") if self._sqlite else left.op("ILIKE", is_comparison=True)(right)
            )
        found: _Condition = _COMPARE[test.operator](left, right)
        return found

    def _is(self, test: Is) -> _Condition:
        if test.truth is None:
            return not_(literal_column(self._layout.twins[test.item].readable))
        truth = str(int(test.truth)) if self._sqlite else str(test.truth).upper()
        return literal_column(f"({self._layout.twins[test.item].decoded} IS {truth})")


def value_type(layout: Layout, item: str) -> _Type:
    """The type in which an item's values are bound."""
    return _BY_ITEM[layout.mapping.contract.items[item].type]


def column_type(layout: Layout, item: str) -> _Type:
    """The type in which an item's stored spellings are bound."""
    return _BY_COLUMN.get(layout.sql_types[item], Text)
