"""Statements: one text for all values of a shape, no value in it, and the department's own indexes used."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from schemas.query.bound import BoundColumn, BoundCondition, BoundOrder, BoundQuery, Value
from schemas.query.tree import Operator
from services.engine.capture.tables import POSTGRESQL, SQLITE
from services.engine.source.keys import by_keys
from services.engine.source.sql.layout import Layout, layout
from services.engine.source.sql.shapes import page_shape
from services.engine.source.sql.statements import Statement, page_statement
from tests.seams.stores import depot

_DIALECTS = (SQLITE, POSTGRESQL)


def _asked(*where: BoundCondition, order: Sequence[str] = ()) -> BoundQuery:
    terms = tuple(BoundOrder(depot.ITEMS[item], False, False) for item in order)
    return BoundQuery(depot.contract(), (BoundColumn("name", depot.ITEMS["name"]),), where=where, order=terms)


def _on(item: str, operator: Operator, value: Value | tuple[Value, ...]) -> BoundCondition:
    return BoundCondition(depot.ITEMS[item], operator, value)


def _statement(query: BoundQuery, laid: Layout, after: tuple[Value, ...] | None = None) -> Statement:
    shape, _ = page_shape(query, laid, 10, after)
    return page_statement(shape, laid)


@pytest.mark.parametrize("dialect", _DIALECTS)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_on("name", Operator.EQ, "secret"), _on("name", Operator.EQ, "other")),
        (_on("name", Operator.IN, ("secret", "x")), _on("name", Operator.IN, tuple("abcdefgh"))),
        (_on("owner", Operator.EQ, "91SECRET"), _on("owner", Operator.EQ, "92MA")),
        (_on("name", Operator.LIKE, "secret%"), _on("name", Operator.LIKE, "%")),
    ],
)
def test_values_are_bound_and_a_shape_has_one_text(
    dialect: str, one: BoundCondition, other: BoundCondition
) -> None:
    laid = layout(depot.depot(), dialect)
    said = _statement(_asked(one), laid)
    assert said == _statement(_asked(other), laid)
    assert "secret" not in said.text.lower()


def test_few_shapes_serve_all_numbers_of_composite_keys() -> None:
    laid, contract = layout(depot.depot(), SQLITE), depot.contract()
    asked = (
        BoundQuery(contract, where=(by_keys(contract, [("K", n) for n in range(many)]),))
        for many in range(1, 200)
    )
    assert len({page_shape(query, laid, 10, None)[0] for query in asked}) == 9


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in depot.TABLE.columns.items())
        connection.execute(
            f"CREATE TABLE {depot.TABLE.name} ({columns}, PRIMARY KEY ({', '.join(depot.TABLE.key)}))"
        )
        for number, index in enumerate(depot.TABLE.indexes):
            connection.execute(f"CREATE INDEX ix_{number} ON {depot.TABLE.name} ({', '.join(index)})")
        yield connection


@pytest.mark.parametrize(
    "query",
    [
        BoundQuery(depot.contract(), where=(by_keys(depot.contract(), [("K", 1)]),)),
        BoundQuery(depot.contract(), where=(by_keys(depot.contract(), [("K", 1), ("L", 2)]),)),
        _asked(_on("owner", Operator.EQ, "91MA")),
        _asked(_on("owner", Operator.IN, ("91MA", "92MA", "x"))),
        _asked(_on("since", Operator.EQ, depot.DAYS[0])),
    ],
    ids=["key", "keys", "indexed", "indexed list", "several spellings"],
)
def test_what_has_spellings_is_found_by_the_index(database: sqlite3.Connection, query: BoundQuery) -> None:
    said = _statement(query, layout(depot.depot(), SQLITE))
    plan = database.execute(f"EXPLAIN QUERY PLAN {said.text}", [None] * len(said.places)).fetchall()
    assert said.quick
    assert not [step[3] for step in plan if step[3].startswith("SCAN t")]
    assert [step[3] for step in plan if step[3].startswith("SEARCH t USING")]
