"""Who received a wrong value is read out of the department's access log; a department that leaves one out is found."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from schemas.law.sharing.correction import Look, Version
from schemas.trust.model import Member
from schemas.wire.problem import Problem
from services.departments.data_office.logs import Received
from services.engine.pseudonym_keys import PseudonymKey, write_keys
from tests.services.departments.data_office.asked_node import (
    CORRECTION,
    DATASET,
    GATEWAY,
    OFFICE,
    OWNER,
    Asked,
    Lying,
    alter,
    make_asked,
    said,
    window,
)
from tests.services.engine.api import office

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Whom the price of A00 reached: shown, looked up, or confirmed and counted by it.
_RECEIVERS = {window(name) for name in ("reader", "looker", "verifier", "counter")}


@dataclass(frozen=True)
class Town:
    """A department that everybody has asked, and how it is reached."""

    asked: Asked
    node: httpx.ASGITransport


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    # Pages of some lines alone, so that there are many.
    asked = make_asked(tmp_path_factory.mktemp("town"), max_answer_bytes=2_000)
    async with asked.running() as node:
        await _everybody_asks(asked, node)
        yield Town(asked, node)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """A department of a test's own, which begins anew within it."""
    return make_asked(tmp_path)


async def _everybody_asks(asked: Asked, transport: httpx.AsyncBaseTransport) -> None:
    price = {"select": "price"}
    await asked.ask(transport, "reader", "vehicles/query", {**price, "plate": "eq.A00"})
    await asked.ask(transport, "looker", "vehicles/lookup", {**price, "by": "plate", "keys": ["A00", "A02"]})
    claim = {"where": {"plate": "A00"}, "claims": {"price": "1.00"}}
    await asked.ask(transport, "verifier", "vehicles/verify", claim)
    counted = {"select": "plate", "plate": "eq.A00", "price": "gt.1"}
    await asked.ask(transport, "counter", "vehicles/query", counted)
    await asked.ask(transport, "stranger", "vehicles/query", {"select": "colour", "plate": "eq.A00"})
    await asked.ask(transport, "elsewhere", "vehicles/query", {**price, "plate": "eq.A04"})
    await asked.ask(transport, "elsewhere", "vehicles/query", {**price, "plate": "eq.none"})
    asked.hold()


async def test_all_whom_the_item_reached_are_found_and_nobody_else(town: Town) -> None:
    asked = town.asked
    found = await asked.logs(town.node).received(asked.complaint())
    [log] = found.logs
    assert (found.systems, found.findings, log.node, log.checkpoints) == (_RECEIVERS, (), OWNER, 1)
    assert asked.lines()[log.entry - 1].hash == log.hash


async def test_whom_a_log_named_by_an_earlier_key_is_found_as_well(tmp_path: Path) -> None:
    asked = make_asked(tmp_path, log_key_file=tmp_path / "log.key")
    (tmp_path / "log.key").write_bytes(b"a" * 32)
    async with asked.running() as node:
        await _everybody_asks(asked, node)
    (tmp_path / "log.key").write_bytes(write_keys([PseudonymKey(b"b" * 32), PseudonymKey(b"a" * 32)]))
    async with asked.running() as node:
        found = await asked.logs(node).received(asked.complaint())
    assert (found.systems, found.findings) == (_RECEIVERS, ())


def _by(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda entry: entry.get("system") == window(name)


def _leave_out(shown: list[bytes]) -> list[bytes]:
    return [line for line in shown if not _by("looker")(said(line))]


def _another_system(shown: list[bytes]) -> list[bytes]:
    return [alter(line, system="nobody") if _by("looker")(said(line)) else line for line in shown]


def _no_items(shown: list[bytes]) -> list[bytes]:
    return [line.replace(b'"items":["price"]', b'"items":["colour"]') for line in shown]


class _TheSameAgain:
    """Whatever page is asked for, it is the first one."""

    def __init__(self) -> None:
        self._first: list[bytes] = []

    def __call__(self, shown: list[bytes]) -> list[bytes]:
        self._first = self._first or shown[:2]
        return shown if len(shown) == 1 else self._first


_LIES = {
    "an entry left out": _leave_out,
    "an entry of another system": _another_system,
    "entries of other items": _no_items,
    "the first entries alone": lambda shown: [line for line in shown if said(line)["number"] < 3],
    "nothing": lambda shown: [],
    "the same again": _TheSameAgain(),
    "noise": lambda shown: [*shown[:2], b"noise", *shown[2:]],
}


@pytest.mark.parametrize("lie", _LIES.values(), ids=_LIES)
async def test_a_node_that_shows_its_log_otherwise_than_it_is_is_found(
    town: Town, lie: Callable[[list[bytes]], list[bytes]]
) -> None:
    found = await town.asked.logs(Lying(town.node, lie)).received(town.asked.complaint())
    assert found.findings


async def _rewritten(asked: Asked, look: Look | None = None) -> Received:
    """What the office finds once the department has written its log anew, without one receiver."""
    asked.rewrite(lambda entry: not _by("looker")(entry))
    async with asked.running() as node:
        return await asked.logs(node).received(replace(asked.complaint(), look=look))


async def test_a_department_that_writes_its_log_anew_without_a_receiver_is_found_by_a_checkpoint(
    asked: Asked,
) -> None:
    async with asked.running() as node:
        await _everybody_asks(asked, node)
    found = await _rewritten(asked)
    assert found.systems == _RECEIVERS - {window("looker")}
    assert "rewritten" in found.findings[0]


async def test_it_is_found_by_the_offices_first_look_too_where_no_checkpoint_reaches(asked: Asked) -> None:
    async with asked.running() as node:
        await asked.ask(node, "stranger", "vehicles/query", {"select": "colour", "plate": "eq.A00"})
        asked.hold()
        early = list(asked.held)
        await _everybody_asks(asked, node)
        first = await asked.logs(node).received(asked.complaint())
    asked.held[:] = early
    look = Look(Version(1, 1), {}, OWNER, first.logs[0].entry, first.logs[0].hash)
    assert (await _rewritten(asked, look)).findings


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=2)])
async def test_a_log_that_the_office_holds_too_little_of_shows_nothing(town: Town, ahead: timedelta) -> None:
    """None of it, or nothing of what is older than an hour."""
    held = [] if not ahead else [town.asked.early()]
    office_later = replace(
        town.asked.logs(town.node), held=lambda node: held, clock=lambda: town.asked.clock() + ahead
    )
    with pytest.raises(Problem) as problem:
        await office_later.received(town.asked.complaint())
    assert problem.value.code == "source-missing"


async def test_the_log_of_each_node_that_the_registry_lists_is_needed(town: Town) -> None:
    """Who answers by a second node, and says nothing of its log, would leave out all whom that told."""
    listed, second = town.asked.registry, Member(OWNER, f"{OWNER}.second/node", {})
    both = replace(listed, members={**listed.members, second.system: second})
    office_knows = town.asked.logs(town.node)
    asking = replace(office_knows.asking, registry=lambda: both)
    with pytest.raises(Problem) as problem:
        await replace(office_knows, asking=asking).received(town.asked.complaint())
    assert problem.value.code == "source-missing"


async def test_the_receipt_of_another_answer_is_none(town: Town) -> None:
    """A node could show the entries of somebody whom nobody has asked about."""

    class Other(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await town.node.handle_async_request(request)
            body = await answer.aread()
            return httpx.Response(answer.status_code, content=body.replace(b"100.50", b"100.51"))

    with pytest.raises(Problem) as problem:
        await town.asked.logs(Other()).received(town.asked.complaint())
    assert problem.value.code == "source-missing"


@pytest.mark.parametrize(
    ("system", "purpose", "status"),
    [
        (f"{OFFICE}/node", f"grant:{CORRECTION}", 200),
        (f"{OFFICE}/node", "grant:C-2026-000008", 404),
        (f"{OFFICE}/node", "case:330203-2026-000001", 404),
        (f"{OFFICE}/node", "", 403),
        (window("reader"), f"grant:{CORRECTION}", 404),
        (window(office.KIND), f"grant:{CORRECTION}", 404),
        (GATEWAY, f"grant:{CORRECTION}", 401),
    ],
)
async def test_the_log_is_shown_to_the_office_alone_and_under_a_correction(
    town: Town, system: str, purpose: str, status: int
) -> None:
    async with town.asked.client(town.node, system, purpose, OWNER) as client:
        answer = await client.post("/log/entries", json={"dataset": DATASET, "record": "A00"})
    assert answer.status_code == status, answer.text
    if status == 200:
        last = town.asked.lines()[-1].said
        assert (last["act"], last["system"], last["dataset"]) == ("view", system, DATASET)
        assert last["subjects"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dataset": 1},
        {"dataset": DATASET, "after": -1},
        {"dataset": DATASET, "after": 2**63 - 1},
        {"dataset": DATASET, "limit": 0},
        {"dataset": DATASET, "limit": 10_001},
        {"dataset": DATASET, "record": ""},
        {"dataset": DATASET, "more": 1},
    ],
)
async def test_what_asks_for_no_page_is_a_problem(town: Town, body: dict[str, Any]) -> None:
    async with town.asked.client(town.node, f"{OFFICE}/node", f"grant:{CORRECTION}", OWNER) as client:
        answer = await client.post("/log/entries", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-body")
