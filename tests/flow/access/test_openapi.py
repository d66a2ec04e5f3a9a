"""Calls made from the API descriptions of a department and a gateway, sound and unsound, by whoever it may be: each
ends soon, without a fault of ours, and where records are asked for in an answer as described."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.trust import keys
from schemas.wire.problem import KINDS, MEDIA_TYPE
from tests.ends import ends
from tests.flow.access import land
from tests.flow.access.calling import WHO, Sent, credentials
from tests.flow.access.world import GATEWAY, Clock, Trust, World, running

_EAST = f"{land.EAST}.{land.LAND}"
_FEW, _MANY = 60, 1_000
_CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


class Described:
    """A running bridge with the descriptions that its department and its gateway give of themselves."""

    def __init__(self, world: World, documents: dict[str, dict[str, Any]]) -> None:
        self.world = world
        schemas = {whom: schemathesis.openapi.from_dict(one) for whom, one in documents.items()}
        self.operations = [
            (whom, found.ok()) for whom, schema in schemas.items() for found in schema.get_all_operations()
        ]


@pytest.fixture(scope="module")
def bridge(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder = tmp_path_factory.mktemp("bridge")
    systems = {system: keys.new_key() for system in (*{one for one, _ in WHO.values()}, GATEWAY)}
    trust = Trust(folder, Clock(), systems)
    trust.write_registry()
    trust.write_grants([])
    opened = running(folder, trust, land.KEPT, land.records)
    world = runner.run(opened.__aenter__())
    asked = httpx.Request("GET", "http://bridge/openapi.json")
    documents = {whom: runner.run(world.ask(whom, asked)).json() for whom in (_EAST, "gateway")}
    yield Described(world, documents)
    runner.run(opened.__aexit__(None, None, None))


def _request(case: Case, whom: str, by: str, trust: Trust) -> httpx.Request:
    """The case as it goes over the wire, as a message of whoever asks."""
    raw = case.as_transport_kwargs(base_url="http://bridge")
    prepared = requests.Request(**{name: one for name, one in raw.items() if name != "cookies"}).prepare()
    address = urlsplit(str(prepared.url))
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    headers = {str(name).lower(): _text(value) for name, value in prepared.headers.items()}
    sent = Sent(str(prepared.method), address.path, address.query, body, headers)
    return credentials(sent, by, trust, {"at": whom}).request()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _is_answered_as_described(bridge: Described, runner: asyncio.Runner, data: st.DataObject) -> None:
    whom, operation = data.draw(st.sampled_from(bridge.operations), label="operation")
    mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]), label="mode")
    case = data.draw(operation.as_strategy(mode), label="case")
    by = data.draw(st.sampled_from(["nobody", *WHO]), label="by")
    request = _request(case, whom, by, bridge.world.trust)
    with ends():
        answer = runner.run(bridge.world.ask(whom, request))
    # These nodes have no keys of their own, and say so where one is needed; and a call may give an answer no time.
    assert answer.status_code < 500 or answer.json()["code"] in ("not-ready", "deadline-passed"), answer.text
    if answer.is_error and answer.content:
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert KINDS[answer.json()["code"]].status == answer.status_code
    if operation.path.startswith("/records/"):
        answer.request, answer.elapsed = request, timedelta(0)
        case.validate_response(answer, checks=_CHECKS)


@settings(max_examples=_FEW)
@given(data=st.data())
def test_every_call_is_answered_as_described(
    bridge: Described, runner: asyncio.Runner, data: st.DataObject
) -> None:
    _is_answered_as_described(bridge, runner, data)


@pytest.mark.live
@settings(max_examples=_MANY)
@given(data=st.data())
def test_every_one_of_many_calls_is_answered_as_described(
    bridge: Described, runner: asyncio.Runner, data: st.DataObject
) -> None:
    _is_answered_as_described(bridge, runner, data)
