"""A question survives being written down and read again: as parameters, as a body, in an address, and bound."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import orjson
from hypothesis import given

from schemas.query.bind import bind
from schemas.query.parse import parse_body, parse_params
from schemas.query.render import render_body, render_params
from schemas.query.tree import Embed, Query
from schemas.query.unbind import unbind
from tests.schemas.query.harbour import BOATS, CATALOGUE
from tests.schemas.query.trees import any_queries, queries_of


def _sorted(query: Query) -> Query:
    """The same question with its conditions in one order, as members of a body have none."""
    select = [
        replace(one, query=_sorted(one.query)) if isinstance(one, Embed) else one for one in query.select
    ]
    where = sorted(query.where, key=lambda one: render_params(Query(where=(one,))))
    return replace(query, select=tuple(select), where=tuple(where))


@given(any_queries())
def test_by_its_parameters_in_an_address_and_as_a_body(query: Query) -> None:
    pairs = render_params(query)
    address = urlencode(pairs)
    body = orjson.loads(orjson.dumps(render_body(query)))
    assert parse_params(pairs) == query
    assert parse_qsl(address, keep_blank_values=True, strict_parsing=bool(address)) == pairs
    assert _sorted(parse_body(body)) == _sorted(query)


@given(queries_of(BOATS))
def test_bound_to_contracts(query: Query) -> None:
    bound = bind(query, CATALOGUE, BOATS)
    assert bind(unbind(bound), CATALOGUE, BOATS) == bound
    assert bind(parse_params(render_params(unbind(bound))), CATALOGUE, BOATS) == bound
