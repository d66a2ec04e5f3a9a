"""`langqiao acls sync --every` on Apache Kafka: it takes in what changes, and outlives what goes wrong meanwhile."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.world.processes import Child, start, stop_all
from tests.apache_kafka import ApacheKafka
from tests.brokers import running_broker
from tests.certificates import Identity
from tests.services.directory.bridge import HOLDER, MEMBER, Bridge
from tests.services.directory.reader import refusal
from tests.waiting import until_sync

pytestmark = pytest.mark.live

_FORBIDDEN = "TOPIC_AUTHORIZATION_FAILED"
#: Longer than the tool waits for a broker.
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[ApacheKafka]:
    """One of its own, for it is killed."""
    with running_broker(ApacheKafka, tmp_path) as running:
        assert isinstance(running, ApacheKafka)
        yield running


@pytest.fixture
def bridge(kafka: ApacheKafka, tmp_path: Path) -> Bridge:
    made = Bridge(tmp_path, kafka, kafka.operator_settings)
    assert made.langqiao("topics", "apply").exit_code == 0
    return made


@pytest.fixture
def going(bridge: Bridge, tmp_path: Path) -> Iterator[Child]:
    """The command, which syncs five times a second."""
    command = [sys.executable, "-m", "services.cli", "acls", "sync", "--every", "0.2"]
    child = start("sync", command, tmp_path, bridge.settings())
    yield child
    stop_all([child])


def _says(going: Child, line: str) -> None:
    """Return when the line stands in what it said; AssertionError where it has ended, or says no such thing."""

    def said() -> bool:
        assert going.alive, going.last_words()
        return line in going.log.read_text()

    until_sync(said, _PATIENCE_SECONDS, line)


def _is_given(bridge: Bridge, who: Identity) -> str:
    return refusal(bridge.broker.bootstrap, who, bridge.topic("granted"))


def test_it_takes_in_what_changes_and_outlives_a_broker_that_is_away(
    bridge: Bridge, kafka: ApacheKafka, going: Child
) -> None:
    holder, member = (kafka.authority.identity(name) for name in (HOLDER, MEMBER))
    granted = bridge.topic("granted")
    _says(going, f"add     {HOLDER} may read topic {granted}")
    assert (_is_given(bridge, holder), _is_given(bridge, member)) == ("", _FORBIDDEN)
    bridge.grant()
    _says(going, f"remove  {HOLDER} may read topic {granted}")
    assert _is_given(bridge, holder) == _FORBIDDEN
    kafka.kill()
    bridge.grant(MEMBER)
    _says(going, "Nothing is done: the broker")
    kafka.start()
    _says(going, f"add     {MEMBER} may read topic {granted}")
    assert _is_given(bridge, member) == ""


def test_a_document_that_is_none_for_a_while_changes_nothing_and_ends_nothing(
    bridge: Bridge, kafka: ApacheKafka, going: Child
) -> None:
    granted = bridge.topic("granted")
    _says(going, f"add     {HOLDER} may read topic {granted}")
    (bridge.folder / "registry.jws").write_text("nothing signed")
    _says(going, "registry.jws: malformed")
    assert _is_given(bridge, kafka.authority.identity(HOLDER)) == ""
    bridge.admit(MEMBER)
    _says(going, f"remove  {HOLDER} may read topic {granted}")


def test_a_document_that_was_none_from_the_beginning_is_a_wrong_use(bridge: Bridge) -> None:
    ended = bridge.langqiao("acls", "sync", "--every", "0.2", authority_keys="{}")
    assert ended.exit_code == 1
    assert "registry.jws: unknown-key" in ended.stderr
