"""Calls made from the description that a data office gives of its own addresses, sound and unsound, by whoever it may
be: each ends soon, without a fault of ours, and what the office granted is told after it as before."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case

from schemas.wire import headers as names
from services.cli.world.seeding import seed
from services.engine.synthetic.population import Size
from tests.clock import Clock
from tests.ends import ends
from tests.flow.access.described import drawn, operations, require_sound, sent
from tests.services.departments.data_office.conftest import (
    ASKED,
    CASE,
    FILING,
    FREE,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    make_settings,
    make_trust,
    opened,
)

_FEW, _MANY = 40, 1_000
#: What is not so now and then.
_MOSTLY = st.sampled_from([True] * 7 + [False])
_MEMBERS = (REQUESTER, PROVIDER, OTHER, OFFICE)
#: What leads further than to a refusal of the first thing that is named.
_SOUND: dict[str, list[Any]] = {
    **{name: [value] for name, value in {**FILING, **FREE}.items()},
    "dataset": [FREE["dataset"], FILING["dataset"]],
    "items": [FREE["items"], ASKED["items"]],
    "provider": [PROVIDER],
    "until": [FREE["until"], "9999-12-31"],
    "second": ["head-2"],
    **{day: ["2036-12-31", "9999-12-31"] for day in ("mend_by", "dispose_by", "ends", "changed_on")},
    "request_id": ["R-2026-000001", "R-2026-000003"],
    "correction_id": ["C-2026-000001", "C-2026-000002"],
    "department": [PROVIDER],
}


@dataclass(frozen=True)
class Described:
    """A running office, what it says can be called there, and the ids of its entries."""

    bureau: Bureau
    clock: Clock
    operations: list[Any]
    entries: list[str]

    async def ask(self, request: httpx.Request, member: str | None) -> httpx.Response:
        """The answer to a call, as a message of a member's own system; None: of nobody."""
        self.clock.now = datetime.now(UTC)
        async with self.bureau.client(member or OTHER) as client:
            if member is None:
                return await client.send(request, auth=httpx.Auth())
            request.headers["authorization"] = client.headers["authorization"]
            return await client.send(request)


@pytest.fixture(scope="module")
def office(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder = tmp_path_factory.mktemp("office")
    seed("data_office", f"sqlite:///{folder / 'seeded.sqlite'}", Size())
    trust = make_trust(folder)
    clock = Clock()
    running = opened(make_settings(folder, trust, folder / "seeded.sqlite"), trust, clock)
    bureau = runner.run(running.__aenter__())
    yield runner.run(_described(bureau, clock))
    runner.run(running.__aexit__(None, None, None))


async def _described(bureau: Bureau, clock: Clock) -> Described:
    async with bureau.client(OTHER) as client:
        document = (await client.get("/openapi.json")).json()
    own = [one for one in operations(document) if one.path.startswith("/office/")]
    dataset = f"entries?dataset=eq.{FREE['dataset']}"
    return Described(bureau, clock, own, [one["entry_id"] for one in await bureau.read(dataset)])


def _led_on(data: st.DataObject, case: Case, entries: list[str]) -> None:
    """Put into some of the places that name something what is there."""
    sound = {**_SOUND, "entry_id": entries}
    described = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    places = described.get(names.JSON, {}).get("schema", {}).get("properties", {})
    for part, known in ((case.path_parameters, case.path_parameters), (case.body, places)):
        if isinstance(part, dict):
            for name in sorted(set(known or ()) & sound.keys()):
                if data.draw(_MOSTLY, label=f"sound {name}"):
                    part[name] = data.draw(st.sampled_from(sound[name]), label=name)


def _is_answered(office: Described, runner: asyncio.Runner, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(office.operations), label="operation")
    case = drawn(data, operation)
    _led_on(data, case, office.entries)
    made = sent(case)
    if data.draw(_MOSTLY, label="says who and why"):
        made.headers |= {names.OFFICER: "officer-1", names.PURPOSE: CASE}
    by = data.draw(st.sampled_from([*_MEMBERS, None]), label="by")
    with ends():
        answer = runner.run(office.ask(made.request(), by))
        require_sound(answer)
        if answer.is_success and made.method == "GET":
            operation.validate_response(answer)
        runner.run(office.bureau.grants(PROVIDER))


@settings(max_examples=_FEW)
@given(data=st.data())
def test_every_call_to_an_office_is_answered_without_a_fault(
    office: Described, runner: asyncio.Runner, data: st.DataObject
) -> None:
    _is_answered(office, runner, data)


@pytest.mark.live
@settings(max_examples=_MANY)
@given(data=st.data())
def test_every_one_of_many_calls_to_an_office_is_answered_without_a_fault(
    office: Described, runner: asyncio.Runner, data: st.DataObject
) -> None:
    _is_answered(office, runner, data)
