"""Random tables of the depot and random questions over them, as Hypothesis strategies."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from schemas.contracts.model import SYSTEM_ITEMS, ItemType
from schemas.query.bound import (
    BoundColumn,
    BoundCondition,
    BoundFilter,
    BoundGroup,
    BoundOrder,
    BoundQuery,
    Value,
)
from schemas.query.render import render_params
from schemas.query.tree import Operator
from schemas.query.unbind import unbind
from services.engine.mapping.model import Stored
from tests.seams.stores import depot

Row = dict[str, Stored]


@dataclass(frozen=True)
class Question:
    """A question that shows itself in the grammar when it fails."""

    query: BoundQuery

    def __repr__(self) -> str:
        return f"{[one.item.name for one in self.query.columns]} {render_params(unbind(self.query))}"


_COMPARING = tuple(Operator(word) for word in "eq neq gt gte lt lte".split())
_NAMES = tuple(depot.ITEMS)
_PATTERNS = (
    "%",
    "_",
    "a%",
    "%b",
    "a\\%b",
    "a\\_b",
    "%\\\\%",
    "_b",
    "%*%",
    "a?b",
    "%[%",
    "甬_",
    "É",
    "A%",
    "",
    "9__b",
)


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """A few rows; of two with one key (as stored, or as read) the first stays."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries({name: st.sampled_from(depot.SPELLINGS[name]) for name in _NAMES}),
            max_size=9,
        )
    )
    kept: list[Row] = []
    seen: set[object] = set()
    for row in rows:
        values = depot.read(row)
        keys = {("stored", row["code"], row["nth"]), ("read", values["code"], values["nth"])}
        if None in (values["code"], values["nth"]):
            keys = {("stored", row["code"], row["nth"])}
        if not keys & seen:
            kept.append(row)
            seen |= keys
    return kept


def values(item: str) -> st.SearchStrategy[Value]:
    """Values that stand in the table, or nearly."""
    known = {depot.CODECS[item].decode(stored) for stored in depot.SPELLINGS[item]} - {None}
    return st.sampled_from(sorted(known, key=str)) | _OTHERS[depot.ITEMS[item].type]


_OTHERS: dict[ItemType, st.SearchStrategy[Value]] = {
    ItemType.STRING: st.text(st.sampled_from("aAbB甬é%_*[\\"), max_size=3),
    ItemType.INTEGER: st.integers(-15, 15),
    ItemType.DECIMAL: st.decimals(-13, 13, places=3)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4),
    ItemType.BOOLEAN: st.booleans(),
    ItemType.DATE: st.dates(),
    ItemType.TIMESTAMP: st.datetimes(timezones=st.timezones().filter(lambda zone: zone.key == "UTC")),
}


@st.composite
def _conditions(draw: st.DrawFn) -> BoundFilter:
    item = depot.ITEMS[draw(st.sampled_from(_NAMES))]
    text = item.type is ItemType.STRING
    operator = draw(
        st.sampled_from((*_COMPARING, Operator.IN, Operator.IS, *((Operator.LIKE, Operator.ILIKE) * text)))
    )
    value: Value | tuple[Value, ...]
    if operator is Operator.IS:
        value = draw(st.sampled_from((None, True, False))) if item.type is ItemType.BOOLEAN else None
    elif operator is Operator.IN:
        value = tuple(draw(st.lists(values(item.name), max_size=4)))
    elif operator in _COMPARING:
        value = draw(values(item.name))
    else:
        value = draw(st.sampled_from(_PATTERNS) | st.text(st.sampled_from("aAb甬%_"), max_size=4))
    return BoundCondition(item, operator, value, draw(st.booleans()))


def _groups(members: st.SearchStrategy[BoundFilter]) -> st.SearchStrategy[BoundFilter]:
    return st.builds(BoundGroup, st.booleans(), st.lists(members, max_size=3).map(tuple), st.booleans())


_FILTERS = st.recursive(_conditions(), _groups, max_leaves=5)


@st.composite
def orders(draw: st.DrawFn) -> Sequence[BoundOrder]:
    items = draw(st.lists(st.sampled_from(_NAMES), max_size=3))
    return [BoundOrder(depot.ITEMS[one], draw(st.booleans()), draw(st.booleans())) for one in items]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    names = draw(st.lists(st.sampled_from((*_NAMES, "record_id")), max_size=4))
    columns = (SYSTEM_ITEMS.get(name) or depot.ITEMS[name] for name in names)
    query = BoundQuery(
        depot.contract(),
        columns=tuple(BoundColumn(f"c{place}", item) for place, item in enumerate(columns)),
        where=tuple(draw(st.lists(_FILTERS, max_size=3))),
        order=tuple(draw(orders())),
        offset=draw(st.sampled_from((0, 0, 1, 3))),
    )
    return Question(query)
