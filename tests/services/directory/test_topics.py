"""`langqiao topics apply`: the topics of all departments are made once, kept in line, and never repartitioned."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.contracts.load import files, load_all
from schemas.derived.topics import topics_of
from schemas.wire.topics import registry_topic
from services.directory.topics import Found, plan
from services.engine.relay.feeds import feeds_of
from services.engine.relay.topics import CONFIGURATION, configuration
from services.engine.settings import Settings
from tests import workshop
from tests.brokers import way_to
from tests.services.directory.bridge import NEIGHBOUR, PUBLISHER, Bridge
from tests.waiting import until_sync

_IN_LINE = configuration(1)


def _wanted(bridge: Bridge) -> dict[str, int]:
    kinds = {department.partition(".")[2] for department in (PUBLISHER, NEIGHBOUR)}
    departments = {
        str(topic): partitions
        for contract in load_all()
        if contract.kind in kinds
        for topic, partitions in topics_of(contract, bridge.environment, "330200").items()
    }
    return {**departments, registry_topic(bridge.environment): 1}


def _there(bridge: Bridge) -> dict[str, int]:
    """Partitions by topic of the bridge."""

    async def ask() -> dict[str, int]:
        admin = AIOKafkaAdminClient(**way_to(bridge.broker))
        await admin.start()
        ours = [one for one in await admin.list_topics() if one.startswith(f"{bridge.environment}.")]
        found = await admin.describe_topics(ours) if ours else []
        await admin.close()
        return {one["topic"]: len(one["partitions"]) for one in found}

    return asyncio.run(ask())


def _configured(bridge: Bridge, topic: str, **said: str) -> dict[str, str]:
    """The topic's configuration, after somebody has said this of it and no more."""

    async def ask() -> dict[str, str]:
        admin = AIOKafkaAdminClient(**way_to(bridge.broker))
        await admin.start()
        if said:
            named = {name.replace("_", "."): value for name, value in said.items()}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        await admin.close()
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}

    return asyncio.run(ask())


def _make(bridge: Bridge, topic: str, partitions: int) -> None:
    async def make() -> None:
        admin = AIOKafkaAdminClient(**way_to(bridge.broker))
        await admin.start()
        await admin.create_topics([NewTopic(topic, partitions, 1)])
        await admin.close()

    asyncio.run(make())


def test_every_topic_of_every_department_is_made_with_its_partitions(bridge: Bridge) -> None:
    ended = bridge.langqiao("topics", "apply")
    assert ended.exit_code == 0, ended.output
    assert _there(bridge) == _wanted(bridge)
    assert len([line for line in ended.output.splitlines() if line.startswith("make ")]) == len(
        _wanted(bridge)
    )
    configured = _configured(bridge, bridge.topic("public"))
    assert {name: configured[name] for name in CONFIGURATION} == CONFIGURATION
    assert _there(bridge)[bridge.topic("control")] == 1


def test_a_second_time_nothing_is_to_be_done(bridge: Bridge) -> None:
    bridge.langqiao("topics", "apply")
    again = bridge.langqiao("topics", "apply")
    assert again.exit_code == 0
    assert re.fullmatch(r"All \d+ topics are as they must be\.\n", again.output)


def test_a_dry_run_says_what_it_would_do_and_makes_nothing(bridge: Bridge) -> None:
    ended = bridge.langqiao("topics", "apply", "--dry-run")
    assert ended.exit_code == 0
    assert f"make     {bridge.topic('control')}  1 partition\n" in ended.output
    assert _there(bridge) == {}


def test_changed_configuration_is_brought_into_line_and_what_an_operator_added_stays(bridge: Bridge) -> None:
    bridge.langqiao("topics", "apply")
    topic = bridge.topic("shared")
    _configured(bridge, topic, cleanup_policy="delete", segment_ms="3600000")
    until_sync(lambda: _configured(bridge, topic)["cleanup.policy"] == "delete")
    ended = bridge.langqiao("topics", "apply")
    assert ended.exit_code == 0, ended.output
    assert [line.split()[:2] for line in ended.output.splitlines()] == [["change", topic]]
    configured = _configured(bridge, topic)
    assert {name: configured[name] for name in _IN_LINE} == _IN_LINE
    assert configured["segment.ms"] == "3600000"


@pytest.mark.parametrize("partitions", [1, 7])
def test_another_number_of_partitions_is_refused_and_nothing_else_is_done(
    bridge: Bridge, partitions: int
) -> None:
    _make(bridge, bridge.topic("public"), partitions)
    ended = bridge.langqiao("topics", "apply")
    assert ended.exit_code == 1
    assert f"has {partitions} partitions, its contract says 3" in ended.stderr
    assert _there(bridge) == {bridge.topic("public"): partitions}


def test_a_contract_that_asks_for_more_partitions_than_before_is_refused(
    bridge: Bridge, tmp_path: Path
) -> None:
    bridge.langqiao("topics", "apply")
    before = _there(bridge)
    for kind in ("taxation", "credit"):
        (tmp_path / "contracts" / kind).mkdir(parents=True)
        for path in files(kind):
            shutil.copy(path, tmp_path / "contracts" / kind)
    changed = tmp_path / "contracts" / "taxation" / "arrears.v1.odcs.yaml"
    changed.write_text(
        re.sub(r"(property: partitions\n\s+value:) 3", r"\1 6", changed.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    ended = bridge.langqiao("topics", "apply", contracts_dir=tmp_path / "contracts")
    assert ended.exit_code == 1
    assert "has 3 partitions, its contract says 6" in ended.stderr
    assert _there(bridge) == before


def test_fewer_replicas_than_asked_for_are_told() -> None:
    found = {"t": Found(3, 1, _IN_LINE, {})}
    assert "has 1 replicas, not 3" in plan({"t": 3}, found, 3).refused["t"]


def test_a_topic_is_held_to_the_replicas_that_it_has() -> None:
    """Two must answer of three; were it asked of a single one, nobody could write."""
    found = {"t": Found(3, 3, _IN_LINE, {})}
    assert plan({"t": 3}, found, 1).changed == {"t": {"min.insync.replicas": "2"}}


def test_what_keeps_more_than_is_asked_for_stays_as_it_is() -> None:
    more = {"delete.retention.ms": str(30 * 86_400_000), "min.insync.replicas": "3"}
    assert plan({"t": 3}, {"t": Found(3, 3, {**_IN_LINE, **more}, more)}, 3) == plan({}, {}, 3)
    less = {"delete.retention.ms": "3600000", "max.compaction.lag.ms": str(30 * 86_400_000)}
    changed = plan({"t": 3}, {"t": Found(3, 3, {**_IN_LINE, **more, **less}, less)}, 3).changed["t"]
    assert changed.keys() == less.keys()


def test_what_is_planned_for_a_department_is_what_its_relay_publishes_to(tmp_path: Path) -> None:
    settings = Settings(
        kind=workshop.KIND,
        division=workshop.DIVISION,
        environment="city",
        database_url="sqlite:///none",
        pseudonym_key_file=tmp_path / "none",
    )
    published: dict[str, Any] = {}
    for feed in feeds_of(workshop.MAPPINGS, settings, workshop.SECRET):
        published |= feed.topics
    planned = {
        str(topic): partitions
        for one in workshop.MAPPINGS
        for topic, partitions in topics_of(one.contract, "city", workshop.DIVISION).items()
    }
    assert published == planned


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"departments": '["330200.fishery"]', "grants_files": "{}"}, 1, "there is no contract of fishery"),
        ({"departments": "[]"}, 2, "LANGQIAO_OPERATOR_DEPARTMENTS"),
        ({"grants_files": '{"330200.fishery": "g.jws"}'}, 1, "which is no department here"),
        ({"broker_ca_file": "/nowhere/ca.pem"}, 2, "No such file"),
        ({"bootstrap_servers": "127.0.0.1:1"}, 3, "127.0.0.1:1 does not do its work"),
    ],
)
def test_what_is_set_wrongly_is_said_in_a_sentence(
    bridge: Bridge, changed: dict[str, str], code: int, said: str
) -> None:
    ended = bridge.langqiao("topics", "apply", **changed)
    assert ended.exit_code == code, ended.output
    assert said in ended.stderr
    assert "Traceback" not in ended.output
