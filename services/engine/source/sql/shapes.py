"""A question's shape, apart from its values: what a statement is built from once, and the values it then runs with;
made by `source` for every read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.query.bound import BoundCondition, BoundFilter, BoundQuery, Value
from schemas.query.tree import Operator
from services.engine.capture.tables import SQLITE
from services.engine.source.port import StatementTooLong
from services.engine.source.sql.layout import Layout, driver_list
from services.engine.source.sql.patterns import LONGEST, globbed

_PATTERNS = (Operator.LIKE, Operator.ILIKE)
#: How deep an expression may be: SQLite takes a thousand steps, where each test in a row is up to two steps deeper.
_DEEPEST = 450


@dataclass(frozen=True, slots=True)
class Spelt:
    """The column holds a spelling of the value(s): finds by the index. False, not null, for what is unreadable, so
    it never stands under a negation. `one`: there is exactly one spelling, else a list of them."""

    item: str
    one: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """The item's value against one value."""

    item: str
    operator: Operator


@dataclass(frozen=True, slots=True)
class Among:
    """The item's value is one of a list."""

    item: str


@dataclass(frozen=True, slots=True)
class Is:
    """`truth` None: the item's value is null; True or False: it is that, and null is not."""

    item: str
    truth: bool | None


@dataclass(frozen=True, slots=True)
class Never:
    """Nothing meets it, not even null."""


@dataclass(frozen=True, slots=True)
class Grouped:
    any: bool
    members: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Not:
    test: "Test"


Test = Spelt | Compared | Among | Is | Never | Grouped | Not


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the order."""

    item: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything of a question that decides its SQL text.

    `after` says, for a page after a position, which of the order's values there are null.
    """

    columns: tuple[str, ...] = ()
    where: tuple[Test, ...] = ()
    order: tuple[Term, ...] = ()
    after: tuple[bool, ...] | None = None


def page_shape(
    query: BoundQuery, layout: Layout, limit: int, after: tuple[Value, ...] | None
) -> tuple[Shape, list[Any]]:
    """The shape of one page, and its values in the order in which `statements` names them."""
    lowering = _Lowering(layout)
    where = lowering.tests(query.where)
    order = tuple(Term(one.item.name, one.descending, one.nulls_first) for one in query.order)
    nulls = None if after is None else tuple(value is None for value in after[: len(order)])
    if after is not None:
        lowering.position([term.item for term in order] + list(layout.key), after)
    lowering.values += [limit, 0 if after is not None else query.offset]
    columns = tuple(one.item.name for one in query.columns)
    return Shape(columns, where, order, nulls), lowering.values


def count_shape(query: BoundQuery, layout: Layout) -> tuple[Shape, list[Any]]:
    lowering = _Lowering(layout)
    return Shape(where=lowering.tests(query.where)), lowering.values


class _Lowering:
    """Walks a filter once, taking its values out."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.values: list[Any] = []

    def tests(self, filters: Sequence[BoundFilter]) -> tuple[Test, ...]:
        """All filters of a question; StatementTooLong when they are more than a database takes."""
        found = tuple([self._test(one, True) for one in filters])
        if len(self.values) > _DEEPEST and _depth(Grouped(False, found)) > _DEEPEST:
            raise StatementTooLong
        return found

    def _test(self, one: BoundFilter, positive: bool) -> Test:
        """`positive`: no negation stands above, or two do, so that false may stand for null."""
        inner = positive is not one.negated
        if isinstance(one, BoundCondition):
            found = self._condition(one, inner)
        else:
            found = Grouped(one.any, tuple(self._test(member, inner) for member in one.members))
        return Not(found) if one.negated else found

    def position(self, items: Iterable[str], after: Sequence[Value]) -> None:
        """The values of a position; nulls are part of the shape."""
        for item, value in zip(items, after, strict=True):
            if value is not None:
                self.values.append(self.layout.twins[item].bind(value))

    def _condition(self, one: BoundCondition, positive: bool) -> Test:
        item, operator = one.item.name, one.operator
        if operator is Operator.IS:
            assert one.value is None or isinstance(one.value, bool)
            return Is(item, one.value)
        if operator in _PATTERNS:
            self.values.append(self._pattern(operator, str(one.value)))
            return Compared(item, operator)
        wanted = one.value if isinstance(one.value, tuple) else (one.value,)
        if operator is Operator.IN and not wanted:
            return Never()
        if positive and operator in (Operator.EQ, Operator.IN):
            spellings = self._spellings(item, wanted)
            if spellings is not None:
                return self._spelt(item, spellings)
        bind = self.layout.twins[item].bind
        if operator is Operator.IN:
            self.values.append(self._listed([bind(value) for value in wanted]))
            return Among(item)
        self.values.append(bind(wanted[0]))
        return Compared(item, operator)

    def _spellings(self, item: str, wanted: Sequence[Value]) -> list[object] | None:
        codec, found = self.layout.field(item).codec, list[object]()
        for value in wanted:
            spellings = codec.spellings(value)
            if spellings is None:
                return None
            found += [self.layout.stored(item, spelling) for spelling in spellings]
        return found

    def _spelt(self, item: str, spellings: list[object]) -> Test:
        one = len(spellings) == 1
        self.values.append(spellings[0] if one else self._listed(spellings))
        return Spelt(item, one)

    def _listed(self, values: Sequence[object]) -> object:
        return driver_list(values, self.layout.dialect)

    def _pattern(self, operator: Operator, pattern: str) -> str:
        if len(pattern) > LONGEST:
            raise StatementTooLong
        return globbed(pattern) if self.layout.dialect == SQLITE and operator is Operator.LIKE else pattern


def _depth(test: Test) -> int:
    if isinstance(test, Grouped):
        return len(test.members) + max(map(_depth, test.members), default=0)
    return 1 + _depth(test.test) if isinstance(test, Not) else 1
