"""Random questions: any tree that the grammar can write, and those that the harbour's contracts can answer."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from schemas.contracts.model import Item, ItemType
from schemas.query.bound import Value
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
from schemas.query.values import MAX_INTEGER
from tests.schemas.query.harbour import CATALOGUE

_GRAMMAR = ',.()"\\{}*%_!:&=- not and or is in null true 0 9 A z 船 é'
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.text(
    st.sampled_from(_GRAMMAR), max_size=12
)
_NAMES = (
    st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
    | st.sampled_from("and or not order limit offset select in is null 船名".split())
    | TEXTS.filter(bool)
)
_TRUTHS = ("null", "true", "false", "unknown")
_COMPARING = [one for one in Operator if one not in (Operator.IN, Operator.IS)]


def any_filters(names: st.SearchStrategy[str] = _NAMES) -> st.SearchStrategy[Filter]:
    flags = st.booleans()
    conditions = st.one_of(
        st.builds(Condition, names, st.sampled_from(_COMPARING), TEXTS, flags),
        st.builds(Condition, names, st.just(Operator.IS), st.sampled_from(_TRUTHS), flags),
        st.builds(Condition, names, st.just(Operator.IN), st.lists(TEXTS, max_size=4).map(tuple), flags),
    )
    return st.recursive(
        conditions,
        lambda inner: st.builds(Group, flags, st.lists(inner, min_size=1, max_size=3).map(tuple), flags),
        max_leaves=6,
    )


def _level(select: st.SearchStrategy[tuple[Selection, ...]]) -> st.SearchStrategy[Query]:
    orders = st.builds(Order, _NAMES, st.booleans(), st.sampled_from([None, True, False]))
    return st.builds(
        Query,
        select,
        st.lists(any_filters(), max_size=3).map(tuple),
        st.lists(orders, max_size=3).map(tuple),
        st.none() | st.integers(0, 2**31 - 1),
        st.integers(0, 2**31 - 1),
    )


def _named_once(select: list[Selection]) -> bool:
    names = [one.alias or one.link for one in select if isinstance(one, Embed)]
    return len(set(names)) == len(names)


def any_queries() -> st.SearchStrategy[Query]:
    """Any question that the grammar can write."""
    columns = st.builds(Column, _NAMES, st.none() | _NAMES) | st.just(Star())

    def selections(
        embeds: st.SearchStrategy[Selection], least: int
    ) -> st.SearchStrategy[tuple[Selection, ...]]:
        return st.lists(columns | embeds, min_size=least, max_size=4).filter(_named_once).map(tuple)

    flat: st.SearchStrategy[Selection] = st.builds(
        Embed, _NAMES, _level(selections(st.nothing(), 1)), st.none() | _NAMES, st.booleans()
    )
    nested: st.SearchStrategy[Selection] = st.builds(
        Embed, _NAMES, _level(selections(flat, 1)), st.none() | _NAMES, st.booleans()
    )
    return _level(selections(flat | nested, 0))


VALUES: dict[ItemType, st.SearchStrategy[Value]] = {
    ItemType.STRING: TEXTS,
    ItemType.INTEGER: st.integers(-MAX_INTEGER, MAX_INTEGER),
    ItemType.DECIMAL: st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    ),
    ItemType.BOOLEAN: st.booleans(),
    ItemType.DATE: st.dates(),
    ItemType.TIMESTAMP: st.datetimes(timezones=st.just(UTC)),
}


def spelled(value: Value) -> str:
    """A value as a caller writes it, by means of its own."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _condition(item: Item) -> st.SearchStrategy[Condition]:
    texts = VALUES[item.type].map(spelled)
    plain = [one for one in _COMPARING if one not in (Operator.LIKE, Operator.ILIKE)]
    forms = [
        st.builds(Condition, st.just(item.name), st.sampled_from(plain), texts, st.booleans()),
        st.builds(
            Condition,
            st.just(item.name),
            st.just(Operator.IN),
            st.lists(texts, max_size=4).map(tuple),
            st.booleans(),
        ),
        st.builds(
            Condition,
            st.just(item.name),
            st.just(Operator.IS),
            st.sampled_from(_TRUTHS if item.type is ItemType.BOOLEAN else _TRUTHS[:1]),
            st.booleans(),
        ),
    ]
    if item.type is ItemType.STRING:
        patterns = TEXTS.map(lambda text: text.rstrip("\\"))
        like = st.sampled_from([Operator.LIKE, Operator.ILIKE])
        forms.append(st.builds(Condition, st.just(item.name), like, patterns, st.booleans()))
    return st.one_of(forms)


@cache
def filters_of(dataset: str) -> st.SearchStrategy[Filter]:
    """Filters that the dataset's items allow."""
    items = CATALOGUE.contract(dataset).items.values()
    conditions: st.SearchStrategy[Filter] = st.one_of([_condition(one) for one in items if one.filterable])
    groups = st.builds(
        Group, st.booleans(), st.lists(conditions, min_size=1, max_size=3).map(tuple), st.booleans()
    )
    return conditions | st.builds(
        Group, st.booleans(), st.lists(conditions | groups, min_size=1, max_size=3).map(tuple), st.booleans()
    )


@cache
def queries_of(dataset: str, depth: int = 2) -> st.SearchStrategy[Query]:
    """Questions that the harbour's contracts can answer."""
    contract = CATALOGUE.contract(dataset)
    filterable = [one.name for one in contract.items.values() if one.filterable]
    parts: list[st.SearchStrategy[Selection]] = [
        st.builds(Column, st.sampled_from(list(contract.items)), st.just(f"c{number}")) for number in range(2)
    ]
    for name, link in CATALOGUE.links(dataset).items():
        if depth and CATALOGUE.majors(link.target):
            inside = queries_of(link.target, depth - 1)
            parts.append(st.builds(Embed, st.just(name), inside, st.just(f"e_{name}"), st.booleans()))
    star: st.SearchStrategy[tuple[Selection, ...]] = st.just((Star(),))
    chosen = st.lists(st.sampled_from(range(len(parts))), unique=True, max_size=3).flatmap(
        lambda numbers: st.tuples(*(parts[number] for number in numbers))
    )
    return st.builds(
        Query,
        st.one_of(star, chosen, st.builds(lambda one, other: one + other, star, chosen)),
        st.lists(filters_of(dataset), max_size=3).map(tuple),
        st.lists(
            st.builds(
                Order, st.sampled_from(filterable), st.booleans(), st.sampled_from([None, True, False])
            ),
            max_size=2,
        ).map(tuple),
        st.none() | st.integers(0, 2**31 - 1),
        st.integers(0, 2**31 - 1),
    )
