"""A record is corrected where its department's answer and its topic show it, on a topic of any size; where the topic
cannot be read, nobody is told that it is not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from schemas.law.sharing.correction import Corrected, Version
from schemas.wire.problem import Problem
from services.cli.world.processes import free_ports
from services.departments.data_office.asking import Complaint
from services.departments.data_office.office import Office
from services.departments.data_office.proofs import AtTheBridge, Digests
from services.engine.relay.kafka import KafkaBroker
from tests.brokers import EmbeddedBroker, running_broker
from tests.clock import Clock
from tests.seams.brokers.test_promises import message, opened
from tests.services.departments.data_office.asked_node import OWNER, Asked, make_asked
from tests.services.departments.data_office.conftest import PROVIDER, Bureau
from tests.services.departments.data_office.shown import Shown, looked, shown
from tests.services.engine.api.test_changes import Table
from tests.waiting import until

__all__ = ["shown"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

_TOPIC = f"dev.{OWNER}.vehicles.v1.shared"
#: Of so many other vehicles the topic tells before and after, some times each.
_OTHERS = [f"B{number}" for number in range(500)]
_TIMES = range(1, 5)


@dataclass
class Town:
    """A department whose record the office has seen, the topic, and how both are reached."""

    asked: Asked
    node: httpx.AsyncBaseTransport
    relay: KafkaBroker
    bootstrap: str
    complaint: Complaint

    def proofs(self, **changed: Any) -> AtTheBridge:
        asking = self.asked.asking(self.node)
        return replace(AtTheBridge(asking, Digests(b"s" * 32), "dev", self.bootstrap, None), **changed)

    async def mend(self, price: str) -> int:
        """The version of the record since an old program of the department has changed its price."""
        Table(self.asked.settings).run("UPDATE cl_jdcxx SET gmjg = ? WHERE hphm = 'A00'", price)
        seen = await self.asked.asking(self.node).look(self.complaint)
        assert seen is not None
        return seen.version.version

    async def publish(self, *versions: int) -> None:
        """Of the record, in the middle of what thousands of others go through."""
        others = [message(_TOPIC, one, version) for version in _TIMES for one in _OTHERS]
        half = len(others) // 2
        mine = [message(_TOPIC, "A00", one) for one in versions]
        await self.relay.publish([*others[:half], *mine, *others[half:]])

    async def proof(self, since: datetime) -> Corrected | None:
        return await self.proofs().of(self.complaint, since)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    asked = make_asked(folder)
    with running_broker(EmbeddedBroker, folder / "broker") as broker:
        async with asked.running() as node, opened(broker) as relay:
            await until(Table(asked.settings).captured, what="versions count")
            complaint = asked.complaint()
            await relay.prepare({_TOPIC: complaint.contract.partitions})
            town = Town(asked, node, relay, broker.bootstrap, complaint)
            town.complaint = replace(complaint, look=await town.proofs().look(complaint))
            yield town


async def test_it_is_corrected_once_its_later_version_stands_on_the_topic(town: Town) -> None:
    filed = datetime.now(UTC)
    assert await town.proof(filed) is None, "nothing has changed"
    version = await town.mend("200")
    await town.publish(version - 1)
    assert await town.proof(filed) is None, "it is not published yet"
    await town.publish(version)
    assert await town.proof(filed) == Corrected(Version(1, version), frozenset({"price"}))
    assert await town.proof(filed + timedelta(days=1)) is None, "what came before it was filed mends nothing"


async def test_while_the_topic_cannot_be_read_nobody_is_told_that_it_is_not_corrected(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    await town.mend("300")
    [port] = free_ports(1)
    for changed in ({"bootstrap": f"127.0.0.1:{port}"}, {"environment": "test"}):
        with pytest.raises(Problem) as problem:
            await town.proofs(**changed).of(town.complaint, datetime.now(UTC))
        assert problem.value.code == "source-missing"
        assert str(port) not in problem.value.detail
    assert town.complaint.grant in caplog.text


async def test_when_it_was_filed_is_said_by_the_clock_that_nobody_moves(
    bureau: Bureau, shown: Shown, clock: Clock
) -> None:
    office: Office = bureau.app.state.office
    office.clocks.ahead = timedelta(days=40)
    correction = await looked(bureau, shown)
    assert (await bureau.take(PROVIDER, f"corrections/{correction}/corrected")).status_code == 409
    assert shown.since == clock()
