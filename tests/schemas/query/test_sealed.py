"""What of a question travels sealed survives being written down and read again, and whatever else is sent in its place
is refused with a problem."""

import contextlib
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.query.bind import bind
from schemas.query.parse import parse_body
from schemas.query.render import render_body
from schemas.query.sealed import SEALED, met_too, with_sealed, without_sealed
from schemas.query.size import MAX_KEYS
from schemas.query.tree import Column, Condition, Operator, Query
from schemas.query.unbind import unbind
from schemas.wire.problem import Problem
from tests.schemas.query.harbour import BOATS, CATALOGUE
from tests.schemas.query.trees import queries_of
from tests.schemas.trust.anything import JSON

_END = "harbour.people.id_number"
_KEYS = st.lists(st.text(max_size=8), max_size=4).map(tuple)
_ITEMS = st.sampled_from([name for name, one in CATALOGUE.contract(BOATS).items.items() if one.filterable])


@st.composite
def _questions(draw: st.DrawFn) -> Query:
    """A level with a hidden column and keys that are sealed beside whatever else it asks."""
    query = draw(queries_of(BOATS))
    query = replace(query, select=tuple(one for one in query.select if isinstance(one, Column)))
    hidden = Column(draw(_ITEMS), "_k9", sealed_for=_END)
    keys = Condition(draw(_ITEMS), Operator.IN, draw(_KEYS), sealed_for=_END)
    return replace(query, select=(*query.select, hidden), where=(*query.where, keys))


def _read(body: dict[str, Any]) -> Query:
    said = body.pop(SEALED, None)
    return with_sealed(parse_body(body), said)


@given(_questions())
def test_it_is_read_as_it_was_written_and_bound_with_its_keys_as_they_are(query: Query) -> None:
    found = _read(orjson.loads(orjson.dumps(render_body(query))))
    assert found.select == query.select
    assert found.where[-1] == query.where[-1]
    assert set(found.where) == set(query.where)
    assert without_sealed(found).where == tuple(found.where[:-1])
    bound = bind(found, CATALOGUE, BOATS)
    assert bound.columns[-1].sealed_for == _END
    assert bind(unbind(bound), CATALOGUE, BOATS) == bound


@given(_questions(), _KEYS)
def test_keys_come_to_what_is_sealed_already(query: Query, keys: tuple[str, ...]) -> None:
    more = Condition("crew", Operator.IN, keys, sealed_for=_END)
    said = met_too(render_body(query)[SEALED], more)
    assert with_sealed(Query(), {"meet": said["meet"]}).where == (query.where[-1], more)
    assert with_sealed(Query(), met_too(None, more)).where == (more,)


_COLUMNS = parse_body({"select": "crew,k:crew"})
_MET: dict[str, Any] = {"item": "crew", "for": _END, "keys": ["a.b"]}
_WRONG: dict[str, Any] = {
    "a list": [],
    "another member": {"hide": {}},
    "a column that is not selected": {"show": {"tonnage": _END}},
    "an end that is none": {"show": {"k": "harbour.people"}},
    "an end in other letters": {"show": {"k": "harbour.people.Ключ"}},
    "a column that is a list": {"show": ["k"]},
    "keys by item": {"meet": {"crew": ["a.b"]}},
    "keys for no end": {"meet": [{"item": "crew", "keys": ["a.b"]}]},
    "keys for an end that is a number": {"meet": [{**_MET, "for": 7}]},
    "keys that are no texts": {"meet": [{**_MET, "keys": [7]}]},
    "an item that is none": {"meet": [{**_MET, "item": None}]},
    "a word more": {"meet": [{**_MET, "not": True}]},
}


@pytest.mark.parametrize("how", _WRONG)
def test_what_is_said_in_another_form_is_refused(how: str) -> None:
    with pytest.raises(Problem) as refused:
        with_sealed(_COLUMNS, _WRONG[how])
    assert refused.value.code == "bad-body"


def test_sealed_keys_count_among_the_values_of_a_question() -> None:
    said = {"meet": [{**_MET, "keys": ["a.b"] * (MAX_KEYS + 1)}]}
    with pytest.raises(Problem) as refused:
        with_sealed(_COLUMNS, said)
    assert refused.value.code == "too-large"


@given(JSON | st.fixed_dictionaries({}, optional={"show": JSON, "meet": st.lists(JSON, max_size=2) | JSON}))
def test_whatever_is_sent_is_read_or_refused(said: Any) -> None:
    with contextlib.suppress(Problem):
        bind(with_sealed(_COLUMNS, said), CATALOGUE, BOATS)


def test_a_body_of_somebody_who_is_no_gateway_has_no_such_member() -> None:
    with pytest.raises(Problem) as refused:
        parse_body({"select": "crew", SEALED: {"show": {"crew": _END}}})
    assert refused.value.code == "bad-syntax"
