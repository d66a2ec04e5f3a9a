"""Calls made from the API descriptions of a department and a gateway, sound and unsound, by whoever it may be: each
ends soon, without a fault of ours, and where records are asked for in an answer as described."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.trust import keys
from tests.ends import ends
from tests.flow.access import land
from tests.flow.access.calling import WHO, credentials
from tests.flow.access.described import drawn, operations, require_sound, sent
from tests.flow.access.world import GATEWAY, Clock, Trust, World, running

_EAST = f"{land.EAST}.{land.LAND}"
_FEW, _MANY = 60, 1_000
_CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


class Described:
    """A running bridge with the descriptions that its department and its gateway give of themselves."""

    def __init__(self, world: World, documents: dict[str, dict[str, Any]]) -> None:
        self.world = world
        self.operations = [(whom, found) for whom, one in documents.items() for found in operations(one)]


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


def _is_answered_as_described(bridge: Described, runner: asyncio.Runner, data: st.DataObject) -> None:
    whom, operation = data.draw(st.sampled_from(bridge.operations), label="operation")
    case = drawn(data, operation)
    by = data.draw(st.sampled_from(["nobody", *WHO]), label="by")
    request = credentials(sent(case), by, bridge.world.trust, {"at": whom}).request()
    with ends():
        answer = runner.run(bridge.world.ask(whom, request))
    # These nodes have no keys of their own, and say so where one is needed; and a call may give an answer no time.
    require_sound(answer, ("not-ready", "deadline-passed"))
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
