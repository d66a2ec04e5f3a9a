"""An operator follows the registry on its topic: who is removed there loses the topics, whatever stands in the file."""

import asyncio
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import NodeNotReadyError

from schemas.derived.acls import rights
from schemas.trust import keys, signed
from schemas.wire.topics import registry_topic
from services.directory.known import CannotKnow, members, publishers
from services.directory.published import _PATIENCE_SECONDS, Published
from services.directory.settings import Operator
from tests.brokers import way_to
from tests.registered import line
from tests.services.directory.bridge import HOLDER, MEMBER, Bridge

_UNREAD = "The registry's topic is not followed now"
#: Leaves office and broker time to have a right in force within five seconds, at a look each second.
_SHORT_SECONDS = 2.0


class Halting(AIOKafkaConsumer):  # type: ignore[misc]
    """One that gets one message of the broker, and no more."""

    _given = False

    async def getmany(self, *topics: Any, timeout_ms: int = 0, max_records: int | None = None) -> Any:
        if self._given:
            raise NodeNotReadyError
        found = await super().getmany(*topics, timeout_ms=timeout_ms, max_records=1)
        self._given = bool(found)
        return found


@dataclass
class Syncing:
    """What `acls sync --every` does each time, up to the broker's list; `said` is what it complains of."""

    bridge: Bridge
    published: Published = field(default_factory=Published)
    said: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Operator:
        return _operator(self.bridge.settings(registry_folder=self.bridge.folder / "registries"))

    def members(self) -> set[str]:
        """Who may read a shared topic after one more look."""
        settings = self.settings
        self.published.take_in(settings, self.bridge.broker.security, self.said.append)
        wanted = rights(settings.environment, publishers(settings), members(settings), datetime.now(UTC))
        topic = self.bridge.topic("shared")
        return {one.principal for one in wanted if one.name == topic and one.principal in (HOLDER, MEMBER)}

    def publish(self, *systems: str, by: keys.KeyPair | None = None, **changed: Any) -> None:
        """A registry that lists these, on the topic, and nowhere else."""
        self.put(signed.sign(_document(systems, **changed), by or self.bridge.authority).encode())

    def put(self, *contents: bytes | None) -> None:
        asyncio.run(_put(self.bridge, contents))


def _operator(environment: Mapping[str, str]) -> Operator:
    with pytest.MonkeyPatch.context() as patch:
        for name, text in environment.items():
            patch.setenv(name, text)
        return Operator()


def _document(systems: Collection[str], **changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    dates = {"issued": now.isoformat(), "expires": (now + timedelta(days=1)).isoformat()}
    return {"number": 2, **dates, "members": [line(one, keys.new_key()) for one in systems], **changed}


async def _put(bridge: Bridge, contents: Collection[bytes | None]) -> None:
    producer = AIOKafkaProducer(**way_to(bridge.broker), acks="all")
    await producer.start()
    try:
        for content in contents:
            await producer.send_and_wait(registry_topic(bridge.environment), content, key=b"registry")
    finally:
        await producer.stop()


@pytest.fixture
def syncing(bridge: Bridge) -> Syncing:
    """The file lists both; it is on the topic too, with a word that it is the newest."""
    (bridge.folder / "authority.key.pem").write_bytes(keys.write_private(bridge.authority))
    word = ("--key", str(bridge.folder / "authority.key.pem"))
    ended = bridge.langqiao("registry", "publish", str(bridge.folder / "registry.jws"), "--topic", *word)
    assert ended.exit_code == 0, ended.output
    made = Syncing(bridge)
    assert (made.members(), made.said) == ({HOLDER, MEMBER}, [])
    return made


def test_who_is_removed_on_the_topic_loses_rights_at_the_next_look_and_for_good(syncing: Syncing) -> None:
    file = syncing.bridge.folder / "registry.jws"
    before = file.read_bytes()
    syncing.publish(HOLDER)
    assert syncing.members() == {HOLDER}
    assert file.read_bytes() == before
    again = Syncing(syncing.bridge)
    assert (again.members(), again.said, syncing.said) == ({HOLDER}, [], [])


def test_what_was_taken_in_counts_where_the_topic_cannot_be_read_which_is_said_each_time(
    syncing: Syncing,
) -> None:
    syncing.publish(HOLDER)
    syncing.members()
    syncing.bridge.operator["bootstrap_servers"] = "127.0.0.1:9"
    assert [syncing.members(), syncing.members()] == [{HOLDER}, {HOLDER}]
    assert [one.partition(": ")[0] for one in syncing.said] == 2 * [_UNREAD]


def test_a_broker_that_takes_calls_and_never_answers_holds_up_no_right_for_long(syncing: Syncing) -> None:
    syncing.publish(HOLDER)
    syncing.members()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        syncing.bridge.operator["bootstrap_servers"] = f"127.0.0.1:{silent.getsockname()[1]}"
        assert syncing.members() == {HOLDER}
    # Given up by our own patience, which a busy machine makes no shorter.
    assert syncing.said == [f"{_UNREAD}: TimeoutError."]
    assert _PATIENCE_SECONDS <= _SHORT_SECONDS


def test_a_backlog_that_no_look_gets_through_is_got_through_by_several(
    syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, listed in ((2, HOLDER), (3, MEMBER), (4, HOLDER)):
        syncing.publish(listed, number=number)
    monkeypatch.setattr("services.engine.relay.reading.AIOKafkaConsumer", Halting)
    assert [syncing.members() for _ in range(3)] == [{HOLDER}, {MEMBER}, {HOLDER}]
    # What was in force before is not said of a topic that is read for the first time.
    again = Syncing(syncing.bridge)
    assert [again.members() for _ in range(5)] == 5 * [{HOLDER}]
    assert again.said == 4 * [f"{_UNREAD}: NodeNotReadyError."]


def test_what_could_not_be_kept_is_read_again(syncing: Syncing) -> None:
    syncing.publish(HOLDER)
    in_its_place = syncing.bridge.folder / "registries" / "registry-000000000002.jws"
    in_its_place.mkdir(parents=True)
    assert syncing.members() == {HOLDER, MEMBER}
    assert syncing.said == [f"{_UNREAD}: IsADirectoryError."]
    in_its_place.rmdir()
    assert syncing.members() == {HOLDER}


def test_a_newer_file_counts_before_what_came_by_the_topic(syncing: Syncing) -> None:
    syncing.publish(HOLDER)
    assert syncing.members() == {HOLDER}
    newer = signed.sign(_document([MEMBER], number=3), syncing.bridge.authority)
    (syncing.bridge.folder / "registry.jws").write_text(newer)
    assert (syncing.members(), syncing.said) == ({MEMBER}, [])


def test_what_is_no_newer_registry_of_the_authority_is_said_once_and_changes_nothing(
    syncing: Syncing,
) -> None:
    syncing.publish(HOLDER, number=3)
    assert syncing.members() == {HOLDER}
    both, past = (HOLDER, MEMBER), (datetime.now(UTC) - timedelta(days=1)).isoformat()
    refused: dict[str, dict[str, Any]] = {
        "older": {"number": 2},
        "contradicts": {"number": 3},
        "unknown-key": {"number": 4, "by": keys.new_key()},
        "expired": {"number": 4, "expires": past},
    }
    for changed in refused.values():
        syncing.publish(*both, **changed)
    syncing.put(b"nothing signed", b"\xff", b"a.b.c", None)
    assert syncing.members() == {HOLDER}
    reasons = [*refused, "malformed", "malformed", "malformed"]
    assert [one.split(": ")[1] for one in syncing.said] == reasons
    assert (syncing.members(), len(syncing.said)) == ({HOLDER}, len(reasons))


def test_a_topic_that_was_never_made_leaves_the_file(bridge: Bridge) -> None:
    syncing = Syncing(bridge)
    assert syncing.members() == {HOLDER, MEMBER}
    assert syncing.said == [
        "The registry's topic is not followed now: it is not there yet, or the operator may not read it."
    ]


def test_without_a_folder_the_topic_is_not_asked(bridge: Bridge) -> None:
    bridge.operator["bootstrap_servers"] = "127.0.0.1:9"
    said = list[str]()
    settings = _operator(bridge.settings())
    Published().take_in(settings, None, said.append)
    known = members(settings)
    assert known is not None
    assert (known.number, said) == (1, [])


def test_a_folder_that_is_none_is_said(bridge: Bridge) -> None:
    with pytest.raises(CannotKnow, match=r"registry\.jws cannot be read"):
        members(_operator(bridge.settings(registry_folder=bridge.folder / "registry.jws")))
