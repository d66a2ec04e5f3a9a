"""A department that keeps its records by two nodes: the office looks for a record at each, and reads both logs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio

from schemas.trust.vouching import Vouched, filing, vouch
from schemas.wire.problem import Problem
from services.departments.data_office.asking import Asking, Complaint
from services.departments.data_office.filers import AtTheDepartment, Filed, Word
from services.departments.data_office.logs import AtTheNodes
from services.departments.data_office.proofs import AtTheBridge, Digests
from tests.services.departments.data_office.asked_node import (
    DATASET,
    DESK,
    OWNER,
    Asked,
    make_asked,
    window,
)
from tests.services.engine.api import office
from tests.services.engine.api.test_changes import Table

pytestmark = pytest.mark.asyncio(loop_scope="module")

_FIRST, _SECOND = OWNER, f"{OWNER}.second"


class Nodes(httpx.AsyncBaseTransport):
    """Each node at the address of its name; one that is away answers nothing."""

    def __init__(self, by_host: dict[str, httpx.AsyncBaseTransport]) -> None:
        self.by_host = by_host
        self.away: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.away:
            raise httpx.ConnectError("away")
        return await self.by_host[request.url.host].handle_async_request(request)


@dataclass(frozen=True)
class Town:
    """Both nodes. A00 is kept by the second alone, which had A01 before the first one did; A02 by the first."""

    first: Asked
    second: Asked
    nodes: Nodes

    def asking(self) -> Asking:
        addresses = {_FIRST: "http://first", _SECOND: "http://second"}
        return replace(self.second.asking(self.nodes), addresses=addresses)

    def proofs(self) -> AtTheBridge:
        return AtTheBridge(self.asking(), Digests(b"s" * 32), "dev", "", None)

    def logs(self) -> AtTheNodes:
        held = {_FIRST: self.first.held, _SECOND: self.second.held}
        return AtTheNodes(self.asking(), lambda node: held[node], self.second.clock)

    def complaint(self, plate: str) -> Complaint:
        return self.second.complaint(plate)

    async def read(self, host: str, name: str, plate: str) -> None:
        """A member's window asks one of the nodes for the price of a vehicle."""
        asked = self.first if host == "first" else self.second
        shown = {"select": "price", "plate": f"eq.{plate}"}
        await asked.ask(self.nodes.by_host[host], name, "vehicles/query", shown)
        asked.held.clear()
        asked.hold()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folders = [tmp_path_factory.mktemp(one) for one in ("first", "second")]
    first = make_asked(folders[0])
    second = make_asked(folders[1], beside=first, node=_SECOND)
    async with AsyncExitStack() as stack:
        transports = [await stack.enter_async_context(one.running()) for one in (first, second)]
        town = Town(first, second, Nodes(dict(zip(("first", "second"), transports, strict=True))))
        await town.read("second", "looker", "A01")
        for asked, plates in ((first, ("A00",)), (second, ("A01", "A02"))):
            for plate in plates:
                Table(asked.settings).run("DELETE FROM cl_jdcxx WHERE hphm = ?", plate)
        await town.read("second", "reader", "A00")
        await town.read("second", "elsewhere", "A04")
        await town.read("first", "counter", "A01")
        await town.read("first", "elsewhere", "A04")
        yield town


async def test_the_record_of_a_second_node_is_looked_at(town: Town) -> None:
    for plate, node in (("A00", _SECOND), ("A02", _FIRST)):
        look = await town.proofs().look(town.complaint(plate))
        assert look is not None
        assert look.node == node


async def test_a_record_is_absent_once_every_node_has_said_so(town: Town) -> None:
    assert await town.proofs().look(town.complaint("Z99")) is None
    town.nodes.away.add("second")
    try:
        for plate in ("A00", "Z99"):
            with pytest.raises(Problem) as problem:
                await town.proofs().look(town.complaint(plate))
            assert problem.value.code == "source-missing"
        assert await town.proofs().look(town.complaint("A02")) is not None, "the other one shows it"
    finally:
        town.nodes.away.clear()


@pytest.mark.parametrize(
    ("plate", "receivers"), [("A00", {"reader"}), ("A01", {"looker", "counter"}), ("A02", set())]
)
async def test_whom_either_log_shows_has_received_it_and_nobody_who_asked_for_another_record(
    town: Town, plate: str, receivers: set[str]
) -> None:
    found = await town.logs().received(town.complaint(plate))
    assert [one.node for one in sorted(found.logs, key=lambda one: one.node)] == [_FIRST, _SECOND]
    assert (found.systems, found.findings) == ({window(one) for one in receivers}, ())


async def test_of_a_record_that_no_node_shows_no_log_tells(town: Town) -> None:
    with pytest.raises(Problem) as problem:
        await town.logs().received(town.complaint("Z99"))
    assert problem.value.code == "source-missing"


async def test_the_subject_of_a_second_nodes_record_files_as_such(town: Town) -> None:
    said = Vouched(
        DESK, office.owner_id(0), "identified:visit-1", town.second.clock(), use=filing(DATASET, "A00")
    )
    word = Word(vouch(said, town.second.systems[DESK]))
    filers = AtTheDepartment(town.asking())
    assert await filers.subject(word, Filed(DESK, OWNER, DATASET, "A00")) == "identified:visit-1"
