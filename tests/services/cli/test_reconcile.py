"""`langqiao reconcile`: a department's person compares its tables with its topics, and has them mended."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
import pytest

from services.cli.world.processes import free_ports
from services.departments import load
from services.engine.capture.database import open_database
from services.engine.node import read_contracts, read_secret
from services.engine.relay.feeds import feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.loop import Relay
from services.engine.settings import Settings
from tests.brokers import EmbeddedBroker, running_broker
from tests.services.cli.tool import attached, run
from tests.stores import Store, drained, open_program
from tests.waiting import until

_DATASET, _TABLE = "credit.penalties", "dw_zj_fzgg_xzcfjdxx"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with running_broker(EmbeddedBroker, tmp_path_factory.mktemp("broker")) as running:
        assert isinstance(running, EmbeddedBroker)
        yield running


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, broker: EmbeddedBroker) -> dict[str, str | None]:
    """A department with captured records, all published."""
    folder = tmp_path_factory.mktemp("department")
    (folder / "pseudonym.key").write_bytes(b"s" * 32)
    of_broker = {"LANGQIAO_BOOTSTRAP_SERVERS": broker.bootstrap, "LANGQIAO_CREATE_TOPICS": "true"}
    said = {**attached(folder, "0.02"), **of_broker}
    publish(said)
    return said


def test_what_was_told_whole_does_not_differ(environment: dict[str, str | None]) -> None:
    answer = run("reconcile", _DATASET, environment=environment)
    assert answer.exit_code == 0, answer.output
    assert "0 differ, 0 are on their way" in answer.stdout
    found = compared(environment)
    assert found["records"] > 0
    assert {(one["in_table"], one["on_topic"]) for one in found["topics"]} == {(found["records"],) * 2}


def test_what_differs_is_named_and_mended(environment: dict[str, str | None]) -> None:
    unseen(environment, f"UPDATE {_TABLE} SET case_name = case_name || '.' WHERE rowid = 1")
    unseen(environment, f"DELETE FROM {_TABLE} WHERE rowid IN (2, 3)")
    found = compared(environment, code=1)
    assert (found["differing"], found["moving"], found["mended"]) == (3, 0, None)
    assert {one["what"] for one in found["findings"]} == {"differing", "not in the table"}
    assert all(f".{_DATASET}.v1." in one["topic"] for one in found["findings"])
    answer = run("reconcile", _DATASET, environment=environment)
    assert answer.exit_code == 1
    assert found["findings"][0]["record"] in answer.stdout.replace("\n", "")
    cautious = {**environment, "LANGQIAO_HOLD_DELETES": "1"}
    refused = run("reconcile", _DATASET, "--mend", environment=cautious)
    assert refused.exit_code == 1
    assert "2 records would be deleted on the topics. Say --yes" in refused.stderr
    mended = run("reconcile", _DATASET, "--mend", "--yes", environment=cautious)
    assert mended.exit_code == 0
    assert "3 records are told anew, and 0 retracted" in mended.stdout
    assert compared(environment, "--wait", "0")["moving"] == 3
    publish(environment)
    assert compared(environment)["differing"] == 0


def test_every_dataset_is_compared_where_none_is_named(environment: dict[str, str | None]) -> None:
    answer = run("reconcile", "--json", environment=environment)
    lines = [orjson.loads(line) for line in answer.stdout.splitlines()]
    assert [one["dataset"] for one in lines] == ["credit.judgment_debtors", _DATASET]
    assert answer.exit_code == 0


def test_a_wrong_use_and_silence_are_told_apart(environment: dict[str, str | None]) -> None:
    assert run("reconcile", "credit.unknown", environment=environment).exit_code == 2
    nobody = {**environment, "LANGQIAO_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_ports(1)[0]}"}
    answer = run("reconcile", _DATASET, environment=nobody)
    assert answer.exit_code == 3
    assert "The topics cannot be read" in answer.stderr
    nowhere = {**environment, "LANGQIAO_DATABASE_URL": "sqlite:///nowhere.sqlite"}
    assert run("reconcile", _DATASET, environment=nowhere).exit_code == 3


def compared(environment: dict[str, str | None], *options: str, code: int = 0) -> dict[str, Any]:
    answer = run("reconcile", _DATASET, "--json", *options, environment=environment)
    assert answer.exit_code == code, answer.output
    [line] = answer.stdout.splitlines()
    found: dict[str, Any] = orjson.loads(line)
    return found


def publish(environment: dict[str, str | None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value or "")
        asyncio.run(_publish(Settings()))


def unseen(environment: dict[str, str | None], sql: str) -> None:
    """A write that no trigger sees, since somebody took it away for a moment."""
    path = (environment["LANGQIAO_DATABASE_URL"] or "").removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as database, database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(sql)
        for _, text in triggers:
            database.execute(text)


async def _publish(settings: Settings) -> None:
    """Run the relay until everything is told."""
    url = settings.database_url.get_secret_value()
    offered = read_contracts(load("credit", "app").DEPARTMENT, settings)
    feeds = feeds_of(offered.mappings, settings, read_secret(settings.pseudonym_key_file))
    database, program, broker = open_database(url), await open_program(url), KafkaBroker(settings)
    relay = Relay(database, feeds, broker, settings, "relay")
    work = asyncio.create_task(relay.run())
    await until(lambda: drained(Store(url, database, program)), timeout=20)
    relay.stop()
    await work
    await broker.close()
    await database.close()
    await program.close()
