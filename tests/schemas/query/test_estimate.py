"""The estimate of a question's cost: within bounds, and never higher for a narrower question."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.catalogue import Catalogue
from schemas.query.bind import bind
from schemas.query.bound import BoundQuery
from schemas.query.estimate import estimated_rows, told
from schemas.query.parse import parse_params
from schemas.query.tree import Filter, Query
from tests.schemas.query.harbour import BOATS, CATALOGUE, contract, item
from tests.schemas.query.trees import filters_of

_CONTRACT = CATALOGUE.contract(BOATS)
_FILTERS = st.lists(filters_of(BOATS), max_size=4)


def _bound(filters: list[Filter]) -> BoundQuery:
    return bind(Query(where=tuple(filters)), CATALOGUE, BOATS)


@given(_FILTERS, st.integers(0, 10**9))
def test_it_lies_between_one_and_all_records(filters: list[Filter], records: int) -> None:
    assert min(1, records) <= estimated_rows(_bound(filters), records) <= records


@given(_FILTERS, filters_of(BOATS), st.integers(0, 10**9))
def test_one_more_condition_never_raises_it(filters: list[Filter], more: Filter, records: int) -> None:
    assert estimated_rows(_bound([*filters, more]), records) <= estimated_rows(_bound(filters), records)


@given(_FILTERS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_records_never_lower_it(filters: list[Filter], records: int, more: int) -> None:
    assert estimated_rows(_bound(filters), records) <= estimated_rows(_bound(filters), records + more) + 1


@pytest.mark.parametrize(
    ("records", "closed"),
    [(0, 10), (1, 10), (10, 10), (11, 20), (99, 100), (100, 100), (101, 200), (999, 1_000), (4_567, 5_000)],
)
def test_of_a_dataset_that_opens_nothing_the_first_digit_is_told_alone(records: int, closed: int) -> None:
    kind = replace(_CONTRACT.items["kind"], open_basis="a law")
    opening = replace(_CONTRACT, items={**_CONTRACT.items, "kind": kind})
    assert told(records, [_CONTRACT]) == closed
    assert told(records, [_CONTRACT, opening]) == records, "everybody may count it"


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({}, 1_000_000),
        ({"number": "eq.B1"}, 1),
        ({"number": "in.(B1,B2,B3)"}, 3),
        ({"owner_id": "in.(a,b)"}, 10),
        ({"kind": "eq.sail"}, 300_000),
        ({"remark": "is.null"}, None),
        ({"kind": "not.eq.sail"}, 700_000),
        ({"or": "(kind.eq.sail,kind.eq.motor)"}, 600_000),
    ],
)
def test_by_the_rules_of_thumb(parameters: dict[str, str], rows: int | None) -> None:
    query = parse_params([(name, text) for name, text in parameters.items() if rows is not None])
    assert estimated_rows(bind(query, CATALOGUE, BOATS), 1_000_000) == (rows or 1_000_000)


def test_a_key_of_several_items_names_as_many_records_as_its_lists_do() -> None:
    both = contract("harbour.calls", (item("port"), item("day"), item("kind")), key=("port", "day"))
    parameters = [("port", "in.(a,b)"), ("day", "in.(c,d,e)"), ("kind", "in.(x,y,z)")]
    query = bind(parse_params(parameters), Catalogue([both]), "harbour.calls")
    assert estimated_rows(query, 1_000_000) == 6
