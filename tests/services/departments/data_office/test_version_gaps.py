"""A mended record is corrected once its mend is told, and not before, whatever else is changed of it: of what concerns
none of its audience a topic tells nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.law.sharing.correction import Corrected, Version
from services.departments.data_office.asking import Complaint
from services.departments.data_office.proofs import AtTheBridge, Digests
from services.engine.capture.captured import captures
from services.engine.capture.database import Database, open_database
from services.engine.capture.status import capture_status
from services.engine.mapping.model import Mapping
from services.engine.node import read_pseudonym_keys
from services.engine.relay.feeds import feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.loop import Relay
from services.engine.settings import Settings
from tests.brokers import EmbeddedBroker, running_broker
from tests.services.departments.data_office.asked_node import Asked, make_asked
from tests.services.engine.api import office
from tests.services.engine.api.test_changes import Table
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Items of a vehicle by who may have them, and what an old program writes to them.
_EVERYBODY, _GRANTED, _OTHER, _NOBODY = "gmjg", "syr_sfzh", "bz", "nbbz"
_FILED = datetime.now(UTC)


class Saying(httpx.AsyncBaseTransport):
    """A node that says something else of whether all is told."""

    def __init__(self, honest: httpx.AsyncBaseTransport, instead_of: bytes, what: bytes) -> None:
        self._honest, self._instead_of, self._what = honest, instead_of, what

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._honest.handle_async_request(request)
        body = (await answer.aread()).replace(self._instead_of, self._what)
        return httpx.Response(answer.status_code, content=body)


@dataclass
class Town:
    """A department of which all was told once; its relay runs only while a test says so."""

    asked: Asked
    node: httpx.AsyncBaseTransport
    bootstrap: str

    async def complain(self, plate: str, item: str) -> Complaint:
        """About a record, which the office looks at as it stands."""
        complaint = self.asked.complaint(plate, item)
        return replace(complaint, look=await self._proofs(self.node).look(complaint))

    def write(self, plate: str, **values: str) -> None:
        """Column by column, each in a transaction of its own."""
        for column, value in values.items():
            Table(self.asked.settings).run(f"UPDATE cl_jdcxx SET {column} = ? WHERE hphm = ?", value, plate)

    async def proof(self, complaint: Complaint, node: httpx.AsyncBaseTransport | None = None) -> int | None:
        """The version by which the item is corrected."""
        found = await self._proofs(node or self.node).of(complaint, _FILED)
        if found is None:
            return None
        assert found == Corrected(Version(1, found.version.version), frozenset({complaint.item}))
        return found.version.version

    async def version(self, complaint: Complaint) -> int:
        """At which the record stands."""
        seen = await self.asked.asking(self.node).look(complaint)
        assert seen is not None
        return seen.version.version

    async def tell(self) -> None:
        """Let the relay tell all that waits."""
        settings = self.asked.settings
        mappings = office.mappings(Catalogue(load_all(settings.contracts_dir)))
        changed = {"bootstrap_servers": self.bootstrap, "create_topics": True, "lease_seconds": 1}
        settings = settings.model_copy(update=changed)
        async with _relaying(settings, mappings) as database:

            async def told() -> bool:
                now = await capture_status(database, captures(mappings))
                return not (now.unsent or now.dirty or now.snapshots)

            await until(told, what="all is told")

    def _proofs(self, node: httpx.AsyncBaseTransport) -> AtTheBridge:
        return AtTheBridge(self.asked.asking(node), Digests(b"s" * 32), "dev", self.bootstrap, None)


@asynccontextmanager
async def _relaying(settings: Settings, mappings: Sequence[Mapping]) -> AsyncIterator[Database]:
    database = open_database(settings.database_url.get_secret_value())
    broker = KafkaBroker(settings)
    feeds = feeds_of(mappings, settings, read_pseudonym_keys(settings.pseudonym_key_file))
    relay = Relay(database, feeds, broker, settings, "relay")
    work = asyncio.create_task(relay.run())
    try:
        yield database
    finally:
        relay.stop()
        await work
        await broker.close()
        await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    asked = make_asked(folder, ("price", "owner_id"))
    with running_broker(EmbeddedBroker, folder / "broker") as broker:
        async with asked.running() as node:
            await until(Table(asked.settings).captured, what="versions count")
            town = Town(asked, node, broker.bootstrap)
            await town.tell()
            yield town


async def test_of_an_item_on_condition_nothing_but_what_is_withheld_may_follow(town: Town) -> None:
    complaint = await town.complain("A00", "owner_id")
    town.write("A00", **{_GRANTED: office.owner_id(50), _NOBODY: "later"})
    assert await town.proof(complaint) is None, "nothing is told yet"
    await town.tell()
    silent = Saying(town.node, b',"told":true', b"")
    assert await town.proof(complaint, silent) is None, "a node of before says nothing of it"
    assert await town.proof(complaint) == await town.version(complaint)
    town.write("A00", **{_NOBODY: "later still"})
    await town.tell()
    assert await town.proof(complaint) == await town.version(complaint)


async def test_what_else_is_told_of_a_record_tells_nothing_of_a_mend_that_waits(town: Town) -> None:
    complaint = await town.complain("A01", "owner_id")
    town.write("A01", **{_OTHER: "told"})
    await town.tell()
    town.write("A01", **{_GRANTED: office.owner_id(51), _NOBODY: "later"})
    assert await town.proof(complaint) is None
    await town.tell()
    assert await town.proof(complaint) == await town.version(complaint)


async def test_of_an_item_that_everybody_may_have_the_event_that_shows_it_tells(town: Town) -> None:
    complaint = await town.complain("A02", "price")
    # Spelt otherwise than event and answer write it.
    town.write("A02", **{_EVERYBODY: "250"})
    mended = await town.version(complaint)
    town.write("A02", **{_GRANTED: office.owner_id(52), _NOBODY: "later"})
    assert await town.proof(complaint) is None, "nothing is told yet"
    await town.tell()
    assert await town.version(complaint) == mended + 2
    assert await town.proof(complaint) == mended


async def test_an_event_that_shows_the_item_unmended_is_held_against_what_its_department_says(
    town: Town,
) -> None:
    complaint = await town.complain("A03", "price")
    town.write("A03", **{_OTHER: "told"})
    await town.tell()
    town.write("A03", **{_EVERYBODY: "350"})
    boasting = Saying(town.node, b'"told":false', b'"told":true')
    assert await town.proof(complaint, boasting) is None
    await town.tell()
    assert await town.proof(complaint) == await town.version(complaint)


async def test_what_was_mended_before_the_office_looked_counts_for_nothing_whatever_follows(
    town: Town,
) -> None:
    town.write("A04", **{_GRANTED: office.owner_id(54)})
    await town.tell()
    complaint = await town.complain("A04", "owner_id")
    town.write("A04", **{_NOBODY: "later"})
    await town.tell()
    assert await town.proof(complaint) is None
