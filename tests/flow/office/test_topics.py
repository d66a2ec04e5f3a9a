"""What the office grants and suspends, as the topics' access list follows it: from the step to the reader."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from schemas.trust import keys
from schemas.wire.topics import Audience, Topic
from services.cli.world.plan import ASKING_MEMBER, DIVISION, ENVIRONMENT, OFFICE
from services.cli.world.processes import Child, start, stop_all
from services.cli.world.world import World
from services.directory.issued import issued
from services.directory.settings import Operator
from tests.apache_kafka import ApacheKafka
from tests.brokers import running_broker
from tests.flow.office import asking
from tests.services.cli.tool import run
from tests.services.directory.reader import refusal, stopped
from tests.waiting import until_sync

_PROVIDER = f"{DIVISION}.{asking.KIND}"
_READER = f"{ASKING_MEMBER}/window"
#: Shared without a condition, so agreed to at once; and of no other grant in this world.
_DATASET = f"{asking.KIND}.abnormal_listings"
_FORM = {**asking.FORM, "dataset": _DATASET, "items": ["credit_code"]}
_TOPIC = str(Topic(ENVIRONMENT, DIVISION, _DATASET, 1, Audience.GRANTED))
_BEYOND = {"second": "head-2", "reason": "used beyond its purpose", "mend_by": "2036-05-01"}


def _settings(world: World, folder: Path) -> dict[str, str]:
    """The operator's, whose system is one of the office's own."""
    authority = keys.read_private(world.plan.authority_key.read_bytes())
    return {
        "departments": orjson.dumps([_PROVIDER]).decode(),
        "environment": ENVIRONMENT,
        "registry_file": str(world.plan.registry),
        "authority_keys": orjson.dumps({authority.key_id: authority.public_hex}).decode(),
        "grants_from": world.plan.department(OFFICE).url,
        "profile_file": str(world.plan.profiles / f"{OFFICE}.json"),
        "grants_folder": str(folder / "grants"),
        "replication_factor": "1",
    }


def test_an_operator_knows_what_the_office_grants_and_suspends_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in _settings(world, tmp_path).items():
        monkeypatch.setenv(f"LANGQIAO_OPERATOR_{name.upper()}", text)
    operator, said = Operator(), list[str]()

    def known() -> set[str]:
        return set(issued(operator, datetime.now(UTC), said.append)[_PROVIDER].by_id)

    request_id = asking.granted(world)
    assert request_id in known()
    asking.take(world, asking.KIND, f"requests/{request_id}/suspended", **_BEYOND)
    assert (request_id in known(), said) == (False, [])


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[ApacheKafka]:
    with running_broker(ApacheKafka, tmp_path) as running:
        assert isinstance(running, ApacheKafka)
        yield running


@pytest.fixture
def syncing(world: World, kafka: ApacheKafka, tmp_path: Path) -> Iterator[Child]:
    """The command as deploy/ has it go on, over topics that stand."""
    said = {**_settings(world, tmp_path), **kafka.operator_settings}
    environment = {f"LANGQIAO_OPERATOR_{name.upper()}": str(text) for name, text in said.items()}
    assert run("topics", "apply", environment=dict(environment)).exit_code == 0
    command = [sys.executable, "-m", "services.cli", "acls", "sync", "--every", "1"]
    child = start("sync", command, tmp_path, environment)
    yield child
    stop_all([child])


@pytest.mark.live
def test_a_grant_that_the_office_suspends_reads_no_topic_within_five_seconds(
    world: World, kafka: ApacheKafka, syncing: Child
) -> None:
    reader = kafka.authority.identity(_READER)
    request_id = asking.take(world, "approvals", "requests", **_FORM)["request_id"]
    until_sync(lambda: refusal(kafka.bootstrap, reader, _TOPIC) == "", 60, "the topic is read")
    began: list[float] = []

    def suspend() -> None:
        asking.take(world, asking.KIND, f"requests/{request_id}/suspended", **_BEYOND)
        began.append(time.monotonic())

    assert stopped(kafka.bootstrap, reader, _TOPIC, suspend) == "TOPIC_AUTHORIZATION_FAILED"
    assert time.monotonic() - began[0] < asking.SOON
    assert syncing.alive, syncing.last_words()
