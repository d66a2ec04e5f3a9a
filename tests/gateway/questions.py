"""Random questions over the town: any items, links to any depth, filters, orders, windows; used by property tests."""

from decimal import Decimal

from hypothesis import strategies as st

from schemas.contracts.model import Item, ItemType
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
from tests.gateway import town
from tests.gateway.oracle import CATALOGUE

_RECORDS = town.records()
_NOT_SHOWN = ("remark", "health")
_COMPARISONS = (Operator.EQ, Operator.NEQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE)


def questions(dataset: str | None = None, depth: int = 2) -> st.SearchStrategy[tuple[str, Query]]:
    """A dataset and a sound question over it."""
    datasets = st.sampled_from(town.DATASETS) if dataset is None else st.just(dataset)
    return datasets.flatmap(lambda one: st.tuples(st.just(one), levels(one, depth)))


@st.composite
def levels(draw: st.DrawFn, dataset: str, depth: int) -> Query:
    """One level with everything below it."""
    items = [one for one in CATALOGUE.contract(dataset).items.values() if one.name not in _NOT_SHOWN]
    chosen = draw(st.lists(st.sampled_from(items), max_size=3, unique_by=lambda one: one.name))
    select: list[Selection] = [
        Column(one.name, f"as_{one.name}" if draw(st.booleans()) else None) for one in chosen
    ]
    if draw(st.booleans()) and dataset != "roll.persons":
        select.insert(0, Star())
    links = sorted(CATALOGUE.links(dataset))
    for link in draw(st.lists(st.sampled_from(links), max_size=2 if depth else 0)):
        target = CATALOGUE.links(dataset)[link].target
        number = len(select)
        select.append(Embed(link, draw(levels(target, depth - 1)), f"e{number}", draw(st.booleans())))
    if not select:
        select.append(Column(items[0].name))
    order = draw(st.lists(st.sampled_from(items), max_size=2, unique_by=lambda one: one.name))
    return Query(
        tuple(select),
        tuple(draw(st.lists(filters(dataset, items, 1), max_size=2))),
        tuple(
            Order(one.name, draw(st.booleans()), draw(st.sampled_from((None, True, False)))) for one in order
        ),
        draw(st.sampled_from((None, None, None, 0, 1, 2, 5, 40))),
        draw(st.sampled_from((0, 0, 0, 1, 3, 50))),
    )


@st.composite
def filters(draw: st.DrawFn, dataset: str, items: list[Item], depth: int) -> Filter:
    """A condition, or a group of conditions."""
    if depth and draw(st.integers(0, 3)) == 0:
        members = draw(st.lists(filters(dataset, items, depth - 1), min_size=1, max_size=3))
        return Group(draw(st.booleans()), tuple(members), draw(st.booleans()))
    item = draw(st.sampled_from(items))
    negated = draw(st.integers(0, 4)) == 0
    texts = _texts(dataset, item)
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return Condition(item.name, Operator.IS, "null", negated)
    if kind == 1:
        values = draw(st.lists(st.sampled_from(texts), max_size=6))
        return Condition(item.name, Operator.IN, tuple(values), negated)
    if kind == 2 and item.type is ItemType.STRING:
        return Condition(item.name, Operator.LIKE, draw(st.sampled_from(("*0*", "s_0", "p*", "%"))), negated)
    return Condition(item.name, draw(st.sampled_from(_COMPARISONS)), draw(st.sampled_from(texts)), negated)


def _texts(dataset: str, item: Item) -> list[str]:
    """Values that records hold, and one beside them."""
    held = {str(to_wire(row[item.name])) for row in _RECORDS[dataset] if row[item.name] is not None}
    beside = {ItemType.INTEGER: "99", ItemType.DECIMAL: str(Decimal("7.5")), ItemType.DATE: "2020-06-15"}
    return [*sorted(held), beside.get(item.type, 'no "such", thing')]
