"""A relay whose setting asks for it signs whatever it publishes, and signs the same again when it sends again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust.keys import new_key, write_private
from schemas.trust.model import Member, Role
from schemas.trust.registry import Registry
from schemas.trust.signed_events import Published, check
from services.engine.node import BadDepartment
from services.engine.relay.event_signing import SigningBroker
from services.engine.relay.main import broker_of
from services.engine.settings import Settings
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying
from tests.stores import Store, drained
from tests.waiting import until

_NODE = f"{workshop.DIVISION}.{workshop.KIND}"
_KEY = new_key()


def _registry() -> Registry:
    node = Member(_NODE, f"{_NODE}/node", {_KEY.key_id: _KEY.public_hex}, Role.NODE)
    expires = datetime.now(UTC) + timedelta(days=1)
    return Registry(1, expires, {node.system: node}, {_KEY.key_id: (node, _KEY.public_hex)})


async def test_every_message_is_signed_and_duplicates_are_alike(shop: Store, broker: MemoryBroker) -> None:
    broker.loses_acks = 2
    async with relaying(shop, SigningBroker(broker, lambda: _KEY)):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))
    sent = [(topic, one) for (topic, _), log in broker.logs.items() for one in log]
    assert {
        check(Published(topic, one.key, one.value, one.headers), _registry()).id for topic, one in sent
    } == {_NODE}
    first, *again = [one for topic, one in sent if topic == PUBLIC]
    assert again, "an acknowledgement was lost"
    assert again == [first] * len(again)


def test_a_relay_that_is_to_sign_needs_a_key(tmp_path: Path) -> None:
    told = {"database_url": "sqlite:///none", "pseudonym_key_file": tmp_path / "none", "sign_events": True}
    settings = Settings(kind=workshop.KIND, division=workshop.DIVISION, **told)
    with pytest.raises(BadDepartment, match="node_key_file"):
        broker_of(settings)
    (tmp_path / "node.key.pem").write_bytes(write_private(_KEY))
    assert isinstance(
        broker_of(settings.model_copy(update={"node_key_file": tmp_path / "node.key.pem"})), SigningBroker
    )
