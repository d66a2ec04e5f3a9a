"""Total orders, and the rows beyond a position in one, nulls and mixed directions included; called by `statements`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, false, literal_column, or_
from sqlalchemy.types import TypeEngine

from services.engine.source.sql.conditions import Binds

_Condition = ColumnElement[bool]
_At = BindParameter[Any] | None


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of a total order: SQL text and the type of its values. `nulls_first` None: it is never null, and an
    index may serve it."""

    text: str
    of_type: type[TypeEngine[Any]]
    descending: bool = False
    nulls_first: bool | None = None

    @property
    def expression(self) -> ColumnElement[Any]:
        return literal_column(self.text)

    def ordering(self) -> ColumnElement[Any]:
        directed = self.expression.desc() if self.descending else self.expression.asc()
        if self.nulls_first is None:
            return directed
        return directed.nulls_first() if self.nulls_first else directed.nulls_last()

    def after(self, at: _At) -> _Condition:
        """Rows whose value comes strictly after this one; None is null."""
        if at is None:
            return self.expression.is_not(None) if self.nulls_first else false()
        further: _Condition = self.expression < at if self.descending else self.expression > at
        return or_(further, self.expression.is_(None)) if self.nulls_first is False else further

    def same(self, at: _At) -> _Condition:
        return self.expression.is_(None) if at is None else self.expression == at


def beyond(terms: Sequence[OrderTerm], nulls: Sequence[bool], binds: Binds) -> _Condition:
    """Rows after a position; `nulls` says which of its values are null, the others are parameters."""
    return _beyond(
        terms, [None if null else binds.one(term.of_type) for term, null in zip(terms, nulls, strict=True)]
    )


def _beyond(terms: Sequence[OrderTerm], at: Sequence[_At]) -> _Condition:
    further = terms[0].after(at[0])
    if len(terms) == 1:
        return further
    tied = _beyond(terms[1:], at[1:])
    if terms[0].nulls_first is None and at[0] is not None:
        # Said so that an index can begin at the position.
        first = terms[0].expression
        begin: _Condition = first <= at[0] if terms[0].descending else first >= at[0]
        return and_(begin, or_(further, tied))
    return or_(further, and_(terms[0].same(at[0]), tied))
