"""What a question means, held to SQLite's own evaluation of the same condition, and to the laws of order."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.model import ItemType
from schemas.query.bound import BoundCondition, BoundFilter, BoundGroup, BoundOrder, Value
from schemas.query.semantics import compare, like, matches, matches_one, sort_key
from schemas.query.tree import Operator
from tests.schemas.query.harbour import item
from tests.schemas.query.trees import VALUES

_CREW = item("crew", ItemType.INTEGER)
_KIND = item("kind")
_AFLOAT = item("afloat", ItemType.BOOLEAN)
_SIGNS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FEW = st.integers(-2, 2)
_LETTERS = st.text("abAB%_\\.é船", max_size=5)

_CONDITIONS = st.one_of(
    st.builds(
        BoundCondition,
        st.just(_CREW),
        st.sampled_from([Operator(one) for one in _SIGNS]),
        _FEW,
        st.booleans(),
    ),
    st.builds(
        BoundCondition,
        st.just(_CREW),
        st.just(Operator.IN),
        st.lists(_FEW, max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(BoundCondition, st.just(_CREW), st.just(Operator.IS), st.none(), st.booleans()),
    st.builds(
        BoundCondition,
        st.just(_AFLOAT),
        st.just(Operator.IS),
        st.sampled_from([None, True, False]),
        st.booleans(),
    ),
    st.builds(
        BoundCondition,
        st.just(_KIND),
        st.sampled_from([Operator(one) for one in _SIGNS]),
        _LETTERS,
        st.booleans(),
    ),
)
_FILTERS: st.SearchStrategy[BoundFilter] = st.recursive(
    _CONDITIONS,
    lambda inner: st.builds(BoundGroup, st.booleans(), st.lists(inner, max_size=3).map(tuple), st.booleans()),
    max_leaves=6,
)
_RECORDS = st.fixed_dictionaries(
    {"crew": st.none() | _FEW, "kind": st.none() | _LETTERS, "afloat": st.none() | st.booleans()}
)


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def _sql(one: BoundFilter, values: list[Value]) -> str:
    """The condition as SQL over the columns of one row."""
    if isinstance(one, BoundGroup):
        inner = [_sql(member, values) for member in one.members]
        text = f"({(' OR ' if one.any else ' AND ').join(inner)})" if inner else ("0" if one.any else "1")
    elif isinstance(one.value, tuple):
        values.extend(one.value)
        text = f"({one.item.name} IN ({', '.join('?' * len(one.value))}))"
    elif one.operator is Operator.IS:
        text = f"({one.item.name} IS {'NULL' if one.value is None else int(bool(one.value))})"
    else:
        values.append(one.value)
        text = f"({one.item.name} {_SIGNS[one.operator]} ?)"
    return f"(NOT {text})" if one.negated else text


@given(_FILTERS, _RECORDS)
def test_conditions_are_three_valued_as_in_sql(
    sqlite: sqlite3.Connection, one: BoundFilter, record: dict[str, Value]
) -> None:
    values: list[Value] = []
    condition = _sql(one, values)
    row = f"SELECT {condition} FROM (SELECT ? AS crew, ? AS kind, ? AS afloat)"
    (found,) = sqlite.execute(row, [*values, record["crew"], record["kind"], record["afloat"]]).fetchone()
    assert matches_one(one, record) == (None if found is None else bool(found))
    assert matches([one], record) == matches_one(one, record)


@given(st.lists(_FILTERS, max_size=3), _RECORDS)
def test_all_filters_together_are_one_and(filters: list[BoundFilter], record: dict[str, Value]) -> None:
    assert matches(filters, record) == matches_one(BoundGroup(False, tuple(filters)), record)


@given(_FILTERS, _FILTERS, _RECORDS)
def test_not_swaps_and_with_or(one: BoundFilter, other: BoundFilter, record: dict[str, Value]) -> None:
    def negated(inner: BoundFilter) -> BoundGroup:
        return BoundGroup(False, (inner,), negated=True)

    neither = BoundGroup(True, (one, other), negated=True)
    assert matches_one(neither, record) == matches_one(
        BoundGroup(False, (negated(one), negated(other))), record
    )
    assert matches_one(negated(negated(one)), record) == matches_one(one, record)


def _as_regex(pattern: str) -> str:
    pieces = re.findall(r"\\.|\\$|.", pattern, re.DOTALL)
    spelt = {"%": ".*", "_": "."}
    return "".join(spelt.get(one) or re.escape(one[1:] if len(one) > 1 else one) for one in pieces)


_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@given(_LETTERS, st.text("abAB%_\\.é船\n", max_size=8))
def test_like_is_the_regular_expression_that_it_stands_for(pattern: str, text: str) -> None:
    assert like(pattern, text, fold=False) == bool(re.fullmatch(_as_regex(pattern), text, re.DOTALL))


@given(_LETTERS, st.text("abAB%_\\.é船É", max_size=8))
def test_ilike_folds_ascii_letters_alone(pattern: str, text: str) -> None:
    folded = re.fullmatch(_as_regex(pattern.translate(_ASCII_LOWER)), text.translate(_ASCII_LOWER), re.DOTALL)
    assert like(pattern, text, fold=True) == bool(folded)


def test_ilike_keeps_other_letters_apart() -> None:
    assert not like("é", "É", fold=True)
    assert like("a船", "A船", fold=True)


def test_like_takes_no_more_than_pattern_times_text() -> None:
    assert not like("%a" * 200 + "b", "a" * 2_000, fold=False)


_TERMS = st.lists(st.sampled_from([_CREW, _KIND]).flatmap(
    lambda one: st.builds(BoundOrder, st.just(one), st.booleans(), st.booleans())
), min_size=1, max_size=3)  # fmt: skip


def _rows(terms: list[BoundOrder], data: st.DataObject) -> list[list[Value]]:
    columns = [st.none() | (_FEW if term.item is _CREW else _LETTERS) for term in terms]
    return data.draw(st.lists(st.tuples(*columns).map(list), max_size=8))


@given(_TERMS, st.data())
def test_rows_sort_as_by_one_term_after_the_other(terms: list[BoundOrder], data: st.DataObject) -> None:
    rows = _rows(terms, data)
    expected = list(rows)
    for place in reversed(range(len(terms))):
        known = [row for row in expected if row[place] is not None]
        nulls = [row for row in expected if row[place] is None]
        known.sort(key=lambda row: row[place], reverse=terms[place].descending)  # type: ignore[arg-type,return-value]
        expected = nulls + known if terms[place].nulls_first else known + nulls
    assert sorted(rows, key=sort_key(terms)) == expected  # type: ignore[arg-type]


@given(_TERMS, st.data())
def test_the_order_is_total(terms: list[BoundOrder], data: st.DataObject) -> None:
    rows = _rows(terms, data)
    for one in rows:
        for other in rows:
            assert compare(one, other, terms) == -compare(other, one, terms)
            assert (compare(one, other, terms) == 0) == (one == other)
    ordered = sorted(rows, key=sort_key(terms))  # type: ignore[arg-type]
    assert all(compare(one, other, terms) <= 0 for n, one in enumerate(ordered) for other in ordered[n:])


@pytest.mark.parametrize("item_type", list(ItemType))
@given(data=st.data())
def test_comparing_agrees_with_the_values_order(item_type: ItemType, data: st.DataObject) -> None:
    one, other = data.draw(VALUES[item_type]), data.draw(VALUES[item_type])
    target = item("x", item_type)
    found = {
        name: matches_one(BoundCondition(target, Operator(name), other), {"x": one})
        for name in ("lt", "eq", "gt", "lte", "gte", "neq")
    }
    assert [found["lt"], found["eq"], found["gt"]].count(True) == 1
    assert found["lte"] == (not found["gt"])
    assert found["gte"] == (not found["lt"])
    assert found["neq"] == (not found["eq"])
