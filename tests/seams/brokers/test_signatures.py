"""A follower that has the registry is given what nodes signed, whatever else stands on a topic."""

from datetime import UTC, datetime, timedelta

from schemas.trust.keys import new_key
from schemas.trust.model import Member, Role
from schemas.trust.registry import Registry
from services.client.topics import follow
from services.engine.relay.event_signing import SigningBroker
from tests.brokers import Broker
from tests.seams.brokers.test_promises import PARTITIONS, message, opened

_NODE = "330203.workshop"
_KEY, _STRANGER = new_key(), new_key()


def _registry() -> Registry:
    node = Member(_NODE, f"{_NODE}/node", {_KEY.key_id: _KEY.public_hex}, Role.NODE)
    expires = datetime.now(UTC) + timedelta(days=1)
    return Registry(1, expires, {node.system: node}, {_KEY.key_id: (node, _KEY.public_hex)})


async def test_a_follower_who_asks_for_signatures_hears_nodes_alone(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        # One key, so that all stand in one partition and in order.
        await SigningBroker(broker, lambda: _KEY).publish([message(topic, "r", 1)])
        await broker.publish([message(topic, "r", 2)])
        await SigningBroker(broker, lambda: _STRANGER).publish([message(topic, "r", 3)])
        await SigningBroker(broker, lambda: _KEY).publish([message(topic, "r", 4, deed="deleted")])
    listed, security = _registry(), ground.security
    strict = follow(ground.bootstrap, [topic], from_start=True, security=security, signed_by=listed)
    assert [(await anext(strict)).recordversion for _ in range(2)] == [1, 4]
    assert strict.refused == 2
    await strict.close()
    easy = follow(ground.bootstrap, [topic], from_start=True, security=security)
    assert [(await anext(easy)).recordversion for _ in range(4)] == [1, 2, 3, 4]
    await easy.close()
