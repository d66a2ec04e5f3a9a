"""Random questions about the county, as trees of names and texts; every one is sound, so that it must be answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from schemas.query.tree import (
    Column,
    Condition,
    Embed,
    Filter,
    Group,
    Operator,
    Order,
    Query,
    Selection,
    Star,
)
from schemas.query.values import to_wire
from tests.flow.federation.county import DATASETS, Dataset
from tests.flow.federation.one_database import link_of, links

_DEEPEST = 3
_COMPARING = tuple(Operator(word) for word in "eq neq gt gte lt lte".split())
_PATTERNS = (Operator.LIKE, Operator.ILIKE)
_WILD = (
    "%",
    "*",
    "_",
    "\\%",
    "\\_",
    "\\*",
    "\\\\",
    "a",
    "A",
    "b",
    "中",
    "é",
    "É",
    "91",
    "",
    "x",
    ",",
    '"',
    "(",
)
#: Texts of values that stand in no table, and other ways to write some that do.
_STRANGE = {
    "string": ("", "nothing", "91a0", "b", "\U0010ffff"),
    "integer": ("5", "+1", "-0", "007", "9007199254740991"),
    "number": ("0", "9.5", "9.50000", ".1", "+10.", "12345678901234567890.125", "-0"),
    "boolean": ("true", "false", "t", "f"),
    "date": ("2020-06-17", "0001-01-01", "9999-12-30"),
    "timestamp": ("2020-06-18T08:00:00+08:00", "2020-06-18 00:00:00.000000Z", "1988-07-01T00:00:00Z"),
}
_NULLS = (None, True, False)


@dataclass(frozen=True)
class Question:
    """A dataset, and what is asked of it."""

    dataset: str
    query: Query


def questions(
    datasets: Sequence[str] = tuple(DATASETS), *, depth: int = _DEEPEST
) -> st.SearchStrategy[Question]:
    """Any sound question, with embeds at most `depth` deep."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> Question:
        dataset = draw(st.sampled_from(list(datasets)))
        return Question(dataset, draw(levels(DATASETS[dataset], depth)))

    return draw_one()


@st.composite
def levels(draw: st.DrawFn, one: Dataset, depth: int) -> Query:
    """One level of a question with all below it."""
    return Query(
        select=draw(_selections(one, depth)),
        where=tuple(draw(st.lists(filters(one), max_size=2))),
        order=tuple(draw(st.lists(_orders(one), max_size=3))),
        limit=draw(st.none() | st.integers(0, 5)),
        offset=draw(st.sampled_from((0, 0, 0, 1, 2))),
    )


@st.composite
def _selections(draw: st.DrawFn, one: Dataset, depth: int) -> tuple[Selection, ...]:
    """Columns, a star and embeds, no two under one name."""
    star = draw(st.booleans())
    parts: dict[str, Selection] = {}
    for item in draw(st.lists(st.sampled_from(_shared(one)), max_size=3)):
        alias = draw(st.none() | st.sampled_from(("a1", "b2", "c3")))
        if not star or alias:
            parts.setdefault(alias or item, Column(item, alias))
    for name in draw(st.lists(st.sampled_from(sorted(links(one))), max_size=2 if depth else 0)):
        alias = draw(st.none() | st.sampled_from(("x1", "y2", "z3")))
        query = draw(levels(link_of(one, name).target, depth - 1))
        parts.setdefault(alias or name, Embed(name, query, alias, draw(st.booleans())))
    selected = draw(st.permutations(list(parts.values())))
    return (Star(), *selected) if star else tuple(selected)


def _shared(one: Dataset) -> list[str]:
    return [item for item in one.items if item not in one.withheld]


def filters(one: Dataset) -> st.SearchStrategy[Filter]:
    """A condition, or conditions joined by and, or, not."""
    return st.recursive(_conditions(one), _groups, max_leaves=4)


def _groups(members: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(members, min_size=1, max_size=3).map(tuple)
    return st.builds(Group, st.booleans(), several, st.booleans())


@st.composite
def _conditions(draw: st.DrawFn, one: Dataset) -> Filter:
    item = draw(st.sampled_from(_shared(one)))
    kinds: list[Callable[[Dataset, str], st.SearchStrategy[Condition]]] = [_comparing, _listing, _is]
    if one.items[item].type == "string":
        kinds.append(_alike)
    condition = draw(draw(st.sampled_from(kinds))(one, item))
    return Condition(item, condition.operator, condition.value, draw(st.booleans()))


def _comparing(one: Dataset, item: str) -> st.SearchStrategy[Condition]:
    return st.builds(Condition, st.just(item), st.sampled_from(_COMPARING), _texts(one, item))


def _listing(one: Dataset, item: str) -> st.SearchStrategy[Condition]:
    listed = st.lists(_texts(one, item), max_size=4).map(tuple)
    return st.builds(Condition, st.just(item), st.just(Operator.IN), listed)


def _is(one: Dataset, item: str) -> st.SearchStrategy[Condition]:
    words = ("null", "true", "false", "unknown") if one.items[item].type == "boolean" else ("null",)
    return st.builds(Condition, st.just(item), st.just(Operator.IS), st.sampled_from(words))


def _alike(one: Dataset, item: str) -> st.SearchStrategy[Condition]:
    pieces = st.sampled_from(_WILD) | _texts(one, item).map(lambda text: text.replace("\\", "\\\\"))
    pattern = st.lists(pieces, max_size=4).map("".join)
    return st.builds(Condition, st.just(item), st.sampled_from(_PATTERNS), pattern)


def _texts(one: Dataset, item: str) -> st.SearchStrategy[str]:
    """Texts that mean values of the item; mostly values that records hold."""
    spelling = one.items[item]
    known = [_text(to_wire(value)) for value, _ in spelling.present()]
    return st.sampled_from(known) | st.sampled_from(_STRANGE[spelling.type])


def _text(wire: str | int | bool | None) -> str:
    return str(wire).lower() if isinstance(wire, bool) else str(wire)


def _orders(one: Dataset) -> st.SearchStrategy[Order]:
    return st.builds(Order, st.sampled_from(_shared(one)), st.booleans(), st.sampled_from(_NULLS))
