"""The newest event of one record: found on a topic of any size, among what was published since a moment."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from schemas.wire.event import Event
from services.cli.world.processes import free_ports
from services.client.newest import newest
from services.client.topics import CannotFollow
from services.engine.relay.projection import Message
from tests.brokers import Broker, EmbeddedBroker, running_broker, way_to
from tests.seams.brokers.test_promises import message, opened, subjects

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TOPIC, _PARTITIONS = "dev.330203.workshop.tools.v1.granted", 4
#: Versions that each of the many records got before, and after.
_RECORDS, _BEFORE, _AFTER = subjects(400), range(1, 9), range(9, 17)
#: How often the last round was published, which a relay does again after a crash.
_TIMES = 2


@dataclass(frozen=True)
class Ground:
    """A topic with thousands of events before a moment and after it; `old` changed before alone, `mended` once after,
    and then all the others went on; `gone` was deleted."""

    broker: Broker
    moment: datetime

    async def newest(self, record: str, since: datetime | None = None) -> Event | None:
        return await newest(self.broker.bootstrap, _TOPIC, _PARTITIONS, record, since or self.moment)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    with running_broker(EmbeddedBroker, tmp_path_factory.mktemp("broker")) as broker:
        async with opened(broker) as relay:
            await relay.prepare({_TOPIC: _PARTITIONS})
            first = [message(_TOPIC, one, 1) for one in ("old", "mended", "gone")]
            await relay.publish([*first, *_rounds(_BEFORE)])
            moment = datetime.now(UTC)
            mended = [message(_TOPIC, "mended", 2), message(_TOPIC, "gone", 2, deed="deleted")]
            await relay.publish([*mended, *_rounds(_AFTER)])
            for _ in range(_TIMES):
                await relay.publish(list(_rounds(_AFTER[-2:])))
        yield Ground(broker, moment)


def _rounds(versions: Sequence[int]) -> list[Message]:
    return [message(_TOPIC, one, version) for version in versions for one in _RECORDS]


async def test_behind_thousands_of_later_events_a_mended_record_is_found(ground: Ground) -> None:
    found = await ground.newest("mended")
    assert found is not None
    assert (found.subject, found.order) == ("mended", (1, 2))
    deleted = await ground.newest("gone")
    assert deleted is not None
    assert deleted.deleted


@pytest.mark.parametrize("record", _RECORDS[::40])
async def test_of_a_record_that_goes_on_it_is_the_newest(ground: Ground, record: str) -> None:
    found = await ground.newest(record)
    assert found is not None
    assert (found.subject, found.order) == (record, (1, _AFTER[-1]))


async def test_what_was_published_before_is_not_looked_at(ground: Ground) -> None:
    assert await ground.newest("old") is None
    assert await ground.newest("nothing") is None
    found = await ground.newest("old", datetime(2020, 1, 1, tzinfo=UTC))
    assert found is not None
    assert found.order == (1, 1)
    assert await ground.newest("mended", datetime.now(UTC)) is None


async def test_a_message_that_is_no_event_is_passed_over(ground: Ground) -> None:
    producer = AIOKafkaProducer(**way_to(ground.broker))
    await producer.start()
    await producer.send_and_wait(_TOPIC, b"{}", key=b"mended")
    await producer.stop()
    found = await ground.newest("mended")
    assert found is not None
    assert found.order == (1, 2)


async def test_a_broker_or_a_topic_that_is_not_there_is_said(ground: Ground) -> None:
    [port] = free_ports(1)
    for bootstrap, topic in ((f"127.0.0.1:{port}", _TOPIC), (ground.broker.bootstrap, "dev.other")):
        with pytest.raises(CannotFollow) as fault:
            await newest(bootstrap, topic, _PARTITIONS, "mended", ground.moment)
        assert topic in str(fault.value)
