"""On Apache Kafka behind TLS: after `topics apply` and `acls sync` each reads what its audience allows, and no more."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.trust import signed
from schemas.wire.event import Event, to_kafka
from services.client.topics import follow
from services.engine.relay.broker import CannotPublish
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.projection import Message
from services.engine.settings import Settings
from tests.apache_kafka import ApacheKafka
from tests.brokers import running_broker
from tests.certificates import Authority, Identity
from tests.services.directory import bridge as names
from tests.services.directory.bridge import HOLDER, MEMBER, NEIGHBOUR, PUBLISHER, STRANGER, Bridge
from tests.services.directory.reader import joined, read, refusal, shut_out

pytestmark = pytest.mark.live

_AUDIENCES = ("public", "shared", "granted", "control")
_FORBIDDEN = "TOPIC_AUTHORIZATION_FAILED"
#: What librdkafka says of a broker that ends the handshake, by where it notices.
_SHUT_OUT = {"_TRANSPORT", "_SSL", "_ALL_BROKERS_DOWN"}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    with running_broker(ApacheKafka, tmp_path_factory.mktemp("broker")) as running:
        assert isinstance(running, ApacheKafka)
        yield running


@pytest.fixture(scope="module")
def people(kafka: ApacheKafka) -> dict[str, Identity]:
    """A certificate for everybody here, by name."""
    return {name: kafka.authority.identity(name) for name in (HOLDER, MEMBER, STRANGER, PUBLISHER, NEIGHBOUR)}


@pytest.fixture(scope="module")
def standing(
    kafka: ApacheKafka, people: dict[str, Identity], tmp_path_factory: pytest.TempPathFactory
) -> Bridge:
    """One for all tests that leave its members and grants as they are."""
    return _made(kafka, people[PUBLISHER], tmp_path_factory.mktemp("bridge"))


@pytest.fixture
def bridge(kafka: ApacheKafka, people: dict[str, Identity], tmp_path: Path) -> Bridge:
    """One for a test that changes them."""
    return _made(kafka, people[PUBLISHER], tmp_path)


def _made(kafka: ApacheKafka, relay: Identity, folder: Path) -> Bridge:
    """With its topics and rights, and one event on each topic of the publisher, sent by its relay."""
    made = Bridge(folder, kafka, kafka.operator_settings)
    assert made.langqiao("topics", "apply").exit_code == 0
    assert made.langqiao("acls", "sync").exit_code == 0
    _publish(made, relay, *(made.topic(audience) for audience in _AUDIENCES))
    return made


def _publish(bridge: Bridge, who: Identity, *topics: str) -> None:
    """As a relay does, with its certificate; raises CannotPublish."""
    event = Event(
        id="a-1",
        source=PUBLISHER,
        type=f"cn.gov.{names.DATASET}.created",
        subject="a",
        time="2026-01-31T00:00:00Z",
        dataschema="urn:langqiao:contract:taxation.arrears:1",
        sequence="1",
        recordepoch=1,
        recordversion=1,
        recordedtime="2026-01-31T00:00:00Z",
        dataclassification="L1",
        data={},
    )
    key, value, headers = to_kafka(event)

    async def send() -> None:
        broker = KafkaBroker(_settings(bridge, who))
        try:
            await broker.publish([Message(topic, key, value, headers, event.id, 1) for topic in topics])
        finally:
            await broker.close()

    asyncio.run(send())


def _settings(bridge: Bridge, who: Identity) -> Settings:
    return Settings(
        kind="taxation",
        division="330200",
        environment=bridge.environment,
        database_url="sqlite:///none",
        pseudonym_key_file=Path("none"),
        create_topics=True,
        bootstrap_servers=bridge.broker.bootstrap,
        **who.settings,
    )


@pytest.mark.parametrize(
    ("name", "audiences"),
    [
        (HOLDER, {"public", "shared", "granted", "control"}),
        (MEMBER, {"public", "shared", "control"}),
        (STRANGER, {"public"}),
        (NEIGHBOUR, {"public"}),
    ],
    ids=["a holder of a grant", "a member", "no member", "another department's relay"],
)
def test_everybody_reads_the_topics_of_its_audiences_and_no_others(
    standing: Bridge, people: dict[str, Identity], name: str, audiences: set[str]
) -> None:
    said = {
        audience: refusal(standing.broker.bootstrap, people[name], standing.topic(audience))
        for audience in _AUDIENCES
    }
    assert said == {audience: "" if audience in audiences else _FORBIDDEN for audience in _AUDIENCES}
    for audience in audiences:
        assert read(standing.broker.bootstrap, people[name], standing.topic(audience)) == [b"a"]


def test_where_nobody_shows_a_certificate_public_topics_alone_are_read(
    kafka: ApacheKafka, standing: Bridge
) -> None:
    said = {
        audience: refusal(kafka.open_bootstrap, None, standing.topic(audience), trusting=kafka.operator)
        for audience in _AUDIENCES
    }
    assert said == {"public": "", **dict.fromkeys(_AUDIENCES[1:], _FORBIDDEN)}


def test_without_a_certificate_nobody_gets_in(kafka: ApacheKafka) -> None:
    assert shut_out(kafka.bootstrap, None, trusting=kafka.operator) in _SHUT_OUT
    assert shut_out(kafka.open_bootstrap, None, trusting=kafka.operator) == ""


def test_a_certificate_of_an_unknown_authority_opens_nothing_whatever_name_it_bears(
    kafka: ApacheKafka, people: dict[str, Identity], tmp_path: Path
) -> None:
    foreign = Authority(tmp_path / "foreign").identity(HOLDER)
    forged = Identity(kafka.authority.ca, foreign.certificate, foreign.key)
    assert shut_out(kafka.bootstrap, forged) in _SHUT_OUT
    assert shut_out(kafka.bootstrap, people[HOLDER]) == ""


def test_a_broker_of_an_unknown_authority_is_told_nothing(
    kafka: ApacheKafka, standing: Bridge, people: dict[str, Identity], tmp_path: Path
) -> None:
    mine = people[PUBLISHER]
    mistaken = Identity(Authority(tmp_path / "foreign").ca, mine.certificate, mine.key)
    with pytest.raises(CannotPublish, match="does not do its work"):
        _publish(standing, mistaken, standing.topic("public"))


def test_a_relay_writes_to_no_other_departments_topics(standing: Bridge, people: dict[str, Identity]) -> None:
    theirs = standing.topic("public", NEIGHBOUR, "credit.penalties")
    with pytest.raises(CannotPublish, match="TopicAuthorizationFailed"):
        _publish(standing, people[PUBLISHER], theirs)
    _publish(standing, people[NEIGHBOUR], theirs)


@pytest.mark.parametrize("name", [HOLDER, STRANGER])
def test_nobody_but_the_relay_writes(standing: Bridge, people: dict[str, Identity], name: str) -> None:
    with pytest.raises(CannotPublish, match="AuthorizationFailed"):
        _publish(standing, people[name], standing.topic("public"))


def test_a_relay_makes_no_topic(standing: Bridge, people: dict[str, Identity]) -> None:
    async def prepare() -> None:
        await KafkaBroker(_settings(standing, people[PUBLISHER])).prepare(
            {standing.topic("public") + "er": 1}
        )

    with pytest.raises(CannotPublish, match="cannot be made"):
        asyncio.run(prepare())


def test_a_relay_finds_its_own_topics_as_they_must_be(standing: Bridge, people: dict[str, Identity]) -> None:
    wanted = {standing.topic(audience): 1 if audience == "control" else 3 for audience in _AUDIENCES}

    async def look() -> int:
        broker = KafkaBroker(_settings(standing, people[PUBLISHER]))
        await broker.prepare(wanted)
        return sum(tail.end for tail in (await broker.tails(wanted, {})).values())

    assert asyncio.run(look()) == len(_AUDIENCES)


def test_our_own_follower_follows_with_its_certificate(standing: Bridge, people: dict[str, Identity]) -> None:
    async def first() -> str:
        topics = [standing.topic("granted")]
        security = people[HOLDER].security
        following = follow(standing.broker.bootstrap, topics, from_start=True, security=security)
        try:
            return (await anext(following)).subject
        finally:
            await following.close()

    assert asyncio.run(first()) == "a"


def test_a_system_joins_the_consumer_groups_of_its_own_name(
    standing: Bridge, people: dict[str, Identity]
) -> None:
    topic, where = standing.topic("shared"), standing.broker.bootstrap
    assert joined(where, people[MEMBER], topic, f"{standing.environment}.{MEMBER}.mirror") == b"a"
    with pytest.raises(Exception, match="GROUP_AUTHORIZATION_FAILED"):
        joined(where, people[MEMBER], topic, f"{standing.environment}.{HOLDER}.mirror")


def test_a_reader_whose_grant_is_taken_away_is_stopped_by_the_next_sync(
    bridge: Bridge, people: dict[str, Identity]
) -> None:
    bridge.grant()
    ended = bridge.langqiao("acls", "sync")
    assert ended.output == f"remove  {HOLDER} may read topic {bridge.topic('granted')}\n"
    assert refusal(bridge.broker.bootstrap, people[HOLDER], bridge.topic("granted")) == _FORBIDDEN
    assert refusal(bridge.broker.bootstrap, people[HOLDER], bridge.topic("shared")) == ""


def test_a_system_that_is_no_longer_a_member_is_left_with_public_topics(
    bridge: Bridge, people: dict[str, Identity]
) -> None:
    bridge.admit(HOLDER)
    assert bridge.langqiao("acls", "sync").exit_code == 0
    assert refusal(bridge.broker.bootstrap, people[MEMBER], bridge.topic("shared")) == _FORBIDDEN
    assert refusal(bridge.broker.bootstrap, people[MEMBER], bridge.topic("public")) == ""


def test_who_is_removed_by_what_is_published_is_left_with_public_topics_whatever_the_file_says(
    bridge: Bridge, people: dict[str, Identity]
) -> None:
    file, newer = bridge.folder / "registry.jws", bridge.folder / "newer.jws"
    before = signed.unchecked(file.read_text())
    left = [one for one in before["members"] if one["system"] == HOLDER]
    newer.write_text(signed.sign({**before, "number": 2, "members": left}, bridge.authority))
    assert bridge.langqiao("registry", "publish", str(newer), "--topic").exit_code == 0
    synced = bridge.langqiao("acls", "sync", registry_folder=bridge.folder / "registries")
    assert (synced.exit_code, synced.stderr) == (0, "")
    assert f"remove  {MEMBER} may read topic {bridge.topic('shared')}\n" in synced.output
    assert refusal(bridge.broker.bootstrap, people[MEMBER], bridge.topic("shared")) == _FORBIDDEN
    assert refusal(bridge.broker.bootstrap, people[HOLDER], bridge.topic("shared")) == ""


def test_a_second_sync_changes_nothing(standing: Bridge) -> None:
    again = standing.langqiao("acls", "sync")
    assert again.exit_code == 0
    assert "rights are as they must be" in again.output


def test_a_dry_run_shows_the_difference_and_leaves_it(bridge: Bridge, people: dict[str, Identity]) -> None:
    bridge.grant(HOLDER, MEMBER)
    shown = bridge.langqiao("acls", "sync", "--dry-run").output
    assert shown == f"add     {MEMBER} may read topic {bridge.topic('granted')}\n"
    assert refusal(bridge.broker.bootstrap, people[MEMBER], bridge.topic("granted")) == _FORBIDDEN


def test_one_environments_sync_leaves_the_others_alone(
    standing: Bridge, kafka: ApacheKafka, people: dict[str, Identity], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Bridge(tmp_path / "other", kafka, kafka.operator_settings)
    assert other.langqiao("acls", "sync").exit_code == 0
    assert "rights are as they must be" in standing.langqiao("acls", "sync").output
    assert refusal(kafka.bootstrap, people[HOLDER], standing.topic("granted")) == ""


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"authority_keys": "{}"}, 1, "registry.jws: unknown-key"),
        ({"registry_file": "/nowhere/registry.jws"}, 1, "cannot be read"),
    ],
)
def test_a_document_that_cannot_be_relied_on_changes_nothing(
    standing: Bridge, people: dict[str, Identity], changed: dict[str, str], code: int, said: str
) -> None:
    ended = standing.langqiao("acls", "sync", **changed)
    assert ended.exit_code == code
    assert said in ended.stderr
    assert refusal(standing.broker.bootstrap, people[HOLDER], standing.topic("granted")) == ""
