"""`langqiao outbox`: a department's person sees what was set aside, and decides what becomes of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from services.engine.capture.outbox import HELD
from tests.services.cli.tool import attached, run

_DATASET = "credit.penalties"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    """A department with captured records, of which three were changed: two cannot be published, a delete is held."""
    told = attached(tmp_path)
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as database, database:
        for number in (1, 2):
            database.execute(
                "UPDATE dw_zj_fzgg_xzcfjdxx SET case_name = case_name || '.' WHERE rowid = ?", (number,)
            )
        database.execute("DELETE FROM dw_zj_fzgg_xzcfjdxx WHERE rowid = 3")
        database.execute("UPDATE lq_outbox SET parked_because = 'a fault' WHERE op = 'u'")
        database.execute("UPDATE lq_outbox SET parked_because = ? WHERE op = 'd'", (HELD,))
    return told


def _ids(environment: dict[str, str | None]) -> list[int]:
    listed = run("outbox", "parked", "--json", environment=environment)
    return [orjson.loads(line)["id"] for line in listed.stdout.splitlines()]


def test_the_list_is_a_table_or_lines_of_json(environment: dict[str, str | None]) -> None:
    assert "a fault" in run("outbox", "parked", environment=environment).stdout
    listed = run("outbox", "parked", "--json", "--limit", "1", environment=environment)
    [line] = listed.stdout.splitlines()
    assert orjson.loads(line).keys() == {"id", "dataset", "record", "version", "since", "reason"}
    assert "more than 1" in listed.stderr


def test_what_is_tried_again_is_no_longer_listed(environment: dict[str, str | None]) -> None:
    first, second = _ids(environment)
    assert run("outbox", "retry", "--id", str(first), environment=environment).exit_code == 0
    assert _ids(environment) == [second]
    assert run("outbox", "retry", environment=environment).exit_code == 0
    listed = run("outbox", "parked", environment=environment)
    assert (listed.exit_code, listed.stdout) == (0, "Every change can be published.\n")


def test_nothing_is_given_up_by_accident(environment: dict[str, str | None]) -> None:
    known = _ids(environment)
    assert run("outbox", "drop", "--yes", environment=environment).exit_code == 2
    assert run("outbox", "drop", "--id", str(known[0]), environment=environment).exit_code == 2
    assert _ids(environment) == known


def test_what_is_given_up_is_said_in_the_log(
    environment: dict[str, str | None], caplog: pytest.LogCaptureFixture
) -> None:
    ended = run("outbox", "drop", "--dataset", _DATASET, "--yes", environment=environment)
    assert (ended.exit_code, _ids(environment)) == (0, [])
    assert len([one for one in caplog.messages if one.startswith("given up: change")]) == 2


def test_held_deletes_are_listed_and_released(environment: dict[str, str | None]) -> None:
    listed = run("outbox", "held", "--json", environment=environment)
    assert orjson.loads(listed.stdout)["deletes"] == 1
    assert run("outbox", "release", _DATASET, environment=environment).exit_code == 0
    assert run("outbox", "held", environment=environment).stdout == "No deletes wait for a word.\n"
    again = run("outbox", "release", _DATASET, environment=environment)
    assert (again.exit_code, _DATASET in again.stderr) == (1, True)


def test_a_number_that_is_not_parked_is_refused(environment: dict[str, str | None]) -> None:
    ended = run("outbox", "retry", "--id", "999", environment=environment)
    assert (ended.exit_code, "999" in ended.stderr) == (1, True)


def test_a_database_that_is_away_is_said(tmp_path: Path, environment: dict[str, str | None]) -> None:
    away = {**environment, "LANGQIAO_DATABASE_URL": f"sqlite:///{tmp_path / 'none.sqlite'}"}
    ended = run("outbox", "parked", environment=away)
    assert (ended.exit_code, "does not answer" in ended.stderr) == (3, True)
