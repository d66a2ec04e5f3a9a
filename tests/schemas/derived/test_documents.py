"""The written documents: they follow from contracts and problems as they are now, and say what events truly carry."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.load import load_all
from schemas.contracts.model import Contract, Item, SharingClass
from schemas.derived import asyncapi
from schemas.derived.documents import documents
from schemas.derived.events import body_schema, file_name
from schemas.query.values import to_wire
from schemas.trust.signed_events import HEADER
from schemas.wire.event import Event, to_kafka
from schemas.wire.problem import KINDS
from schemas.wire.projection import audiences, shown_to
from schemas.wire.topics import RECORD_AUDIENCES, Audience
from tests.house import tree
from tests.schemas.query.trees import VALUES

_CONTRACTS = load_all()
_GENERATED = tree.ROOT / "schemas" / "generated"
_WRITTEN = documents(_CONTRACTS)
_FEEDS = [(contract, audience) for contract in _CONTRACTS for audience in RECORD_AUDIENCES]
_FEED_IDS = [f"{contract.dataset} {contract.major} {audience}" for contract, audience in _FEEDS]


def test_the_documents_are_those_that_follow_from_the_contracts() -> None:
    found = {
        path.relative_to(_GENERATED).as_posix(): path.read_bytes()
        for path in _GENERATED.rglob("*")
        if path.is_file()
    }
    differing = sorted(
        name for name in found.keys() | _WRITTEN.keys() if found.get(name) != _WRITTEN.get(name)
    )
    assert differing == [], "run: langqiao contract generate"


@pytest.mark.parametrize("code", KINDS)
def test_every_problem_stands_once_in_the_published_table(code: str) -> None:
    page = _WRITTEN["problems.md"].decode()
    assert page.count(f"| `{code}` |") == 1
    assert KINDS[code].remedy in page


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def _may_see(item: Item, audience: Audience) -> bool:
    if audience is Audience.PUBLIC:
        return item.open
    return audience is Audience.SHARED and item.sharing.sharing_class is SharingClass.UNCONDITIONAL


@pytest.mark.parametrize(("contract", "audience"), _FEEDS, ids=_FEED_IDS)
def test_a_body_shows_what_its_audience_may_see_and_nothing_else(
    contract: Contract, audience: Audience
) -> None:
    allowed = [name for name, item in contract.items.items() if _may_see(item, audience)]
    assert list(_properties(body_schema(contract, audience))) == allowed


def _feeds_with_words() -> st.SearchStrategy[tuple[Contract, Audience, dict[str, Any]]]:
    return st.sampled_from([one for one in _FEEDS if one[1] in audiences(one[0])]).flatmap(
        lambda feed: st.tuples(st.just(feed[0]), st.just(feed[1]), _records(feed[0]))
    )


def _records(contract: Contract) -> st.SearchStrategy[dict[str, Any]]:
    def values(item: Item) -> st.SearchStrategy[Any]:
        free = VALUES[item.type] if item.values is None else st.sampled_from(item.values)
        kept = free.map(lambda value: value[: item.max_length] if isinstance(value, str) else value)
        return kept if item.required else st.none() | kept

    return st.fixed_dictionaries({name: values(item) for name, item in contract.items.items()})


def _fits(schema: dict[str, Any], value: Any) -> bool:
    """JSON Schema, as far as the documents use it."""
    if "oneOf" in schema:
        return [_fits(one, value) for one in schema["oneOf"]].count(True) == 1
    named = {"object": dict, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if type(value) not in {named[one] for one in types} or value not in schema.get("enum", [value]):
        return False
    if isinstance(value, str):
        return bool(len(value) <= schema.get("maxLength", len(value)))
    if not isinstance(value, dict):
        return True
    known = schema.get("properties", {})
    whole = set(schema.get("required", ())) <= set(value) and len(value) <= schema.get(
        "maxProperties", len(value)
    )
    closed = schema.get("additionalProperties", True) or set(value) <= set(known)
    inside = all(_fits(known[name], inner) for name, inner in value.items() if name in known)
    return bool(whole and closed and inside)


@given(_feeds_with_words(), st.booleans())
def test_what_an_event_carries_fits_the_schema_of_its_body(
    feed: tuple[Contract, Audience, dict[str, Any]], thin: bool
) -> None:
    contract, audience, record = feed
    shown = {name: to_wire(record[name]) for name in shown_to(contract, audience)}
    carried = {} if thin else orjson.loads(orjson.dumps(shown))
    schema = orjson.loads(_WRITTEN[file_name(contract, audience)])
    assert _fits(schema, carried)
    assert not _fits(schema, {**carried, "another": 1})


def _references(place: Any) -> Iterator[str]:
    if isinstance(place, dict):
        if "$ref" in place:
            yield place["$ref"]
        for inner in place.values():
            yield from _references(inner)
    elif isinstance(place, list):
        for inner in place:
            yield from _references(inner)


def test_every_reference_of_the_topics_document_leads_somewhere() -> None:
    document = orjson.loads(_WRITTEN["asyncapi.json"])
    for reference in _references(document):
        if not reference.startswith("#/"):
            assert reference.removeprefix("./") in _WRITTEN
            continue
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_the_topics_document_has_every_topic_that_is_ever_written_to() -> None:
    channels = orjson.loads(_WRITTEN["asyncapi.json"])["channels"]
    expected = {
        f"{contract.dataset}.v{contract.major}.{audience}"
        for contract, audience in _FEEDS
        if any(_may_see(item, audience) for item in contract.items.values()) or audience is Audience.GRANTED
    } | {f"{contract.dataset}.v{contract.major}.control" for contract in _CONTRACTS}
    assert set(channels) == expected
    assert {one["address"] for one in channels.values()} == {
        f"{{environment}}.{{division}}.{name}" for name in expected
    }


def test_the_topics_document_describes_the_headers_that_events_have() -> None:
    described = asyncapi.document(_CONTRACTS)["components"]["schemas"]["attributes"]
    full: dict[str, Any] = {one.name: "1" for one in fields(Event)} | {"data": {"a": 1}}
    bare = full | {"dataref": None, "traceparent": None}
    written, least = ({name for name, _ in to_kafka(Event(**event))[2]} for event in (full, bare))
    assert written | {HEADER} == set(described["properties"])
    assert least == set(described["required"])
