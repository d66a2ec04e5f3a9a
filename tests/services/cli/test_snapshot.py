"""`langqiao snapshot` and `langqiao replay`: what a person wants is put down for the relay, or refused."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from tests.services.cli.tool import attached, run

_DATASET, _NAME = "credit.penalties", "a-record-id"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    """A department whose records are captured, and were told."""
    told = attached(tmp_path)
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as database, database:
        database.execute("DELETE FROM lq_state WHERE name LIKE 'snapshot.%'")
        database.execute(
            "UPDATE lq_record SET pseudonym = ? WHERE raw_key = (SELECT min(raw_key) FROM lq_record WHERE dataset = ?)",
            (_NAME, _DATASET),
        )
    return told


def _rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "records.sqlite")) as database:
        return database.execute(sql).fetchall()


def _do(folder: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "records.sqlite")) as database, database:
        database.execute(sql, values)


def _wanted(folder: Path) -> dict[str, bool]:
    """By dataset, whether every record is told."""
    rows = _rows(folder, "SELECT name, value FROM lq_state WHERE name LIKE 'snapshot.%'")
    return {str(name).removeprefix("snapshot."): orjson.loads(str(value))["forced"] for name, value in rows}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (["snapshot"], {"credit.judgment_debtors": True, _DATASET: True}),
        (["snapshot", _DATASET], {_DATASET: True}),
        (["snapshot", _DATASET, "--only-news"], {_DATASET: False}),
        (["replay", _DATASET], {_DATASET: True}),
    ],
)
def test_datasets_are_wanted(
    environment: dict[str, str | None], tmp_path: Path, said: list[str], wanted: dict[str, bool]
) -> None:
    ended = run(*said, environment=environment)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "the relay takes it" in ended.stdout
    assert _wanted(tmp_path) == wanted


@pytest.mark.parametrize(
    ("spoke", "trouble", "sentence"),
    [
        (None, "", "No relay has spoken here yet; it waits until one runs (`langqiao department relay`).\n"),
        (
            60.0,
            "",
            "No relay has spoken lately; it waits until one runs again (`langqiao department relay`).\n",
        ),
        (0.0, "the broker is away", "The relay cannot publish: the broker is away.\n"),
        (0.0, "", ""),
    ],
    ids=["never", "long ago", "in trouble", "at work"],
)
def test_whoever_waits_is_told_once_why_nothing_comes_of_it(
    environment: dict[str, str | None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoke: float | None,
    trouble: str,
    sentence: str,
) -> None:
    looks = iter(range(3))

    async def wait(seconds: float) -> None:
        if next(looks) == 2:
            _do(tmp_path, "DELETE FROM lq_state WHERE name LIKE 'snapshot.%'")

    monkeypatch.setattr("services.cli.snapshot.asyncio.sleep", wait)
    if spoke is not None:
        word = orjson.dumps({"trouble": trouble, "at": time.time() - spoke}).decode()
        _do(tmp_path, "INSERT INTO lq_state (name, value) VALUES ('relay', ?)", word)
    ended = run("snapshot", _DATASET, "--wait", environment=environment)
    assert (ended.exit_code, ended.stderr) == (0, sentence)
    assert f"{_DATASET}: done." in ended.stdout


def test_one_record_is_marked_by_its_record_id(environment: dict[str, str | None], tmp_path: Path) -> None:
    assert run("replay", _DATASET, "--record", _NAME, environment=environment).exit_code == 0
    assert _rows(tmp_path, "SELECT dataset, forced FROM lq_dirty") == [(_DATASET, 1)]
    assert _wanted(tmp_path) == {}


def test_a_take_over_is_put_down(environment: dict[str, str | None], tmp_path: Path) -> None:
    assert run("snapshot", _DATASET, "--take-over", environment=environment).exit_code == 0
    assert len(_rows(tmp_path, "SELECT 1 FROM lq_state WHERE name = 'take_over'")) == 1


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        (["snapshot", "credit.nothing"], 2, "has no dataset"),
        (["replay", "credit.nothing"], 2, "has no dataset"),
        (["replay", _DATASET, "--record", "nobody"], 1, "no record with this id"),
        (["replay", _DATASET, "--record", ""], 1, "no record with this id"),
    ],
)
def test_what_cannot_be_is_refused(
    environment: dict[str, str | None], tmp_path: Path, said: list[str], code: int, sentence: str
) -> None:
    ended = run(*said, environment=environment)
    assert ended.exit_code == code
    assert sentence in ended.stderr
    assert _wanted(tmp_path) == {}


def test_a_database_without_capture_is_named(tmp_path: Path, environment: dict[str, str | None]) -> None:
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as database, database:
        database.execute("DROP TABLE lq_state")
    ended = run("snapshot", environment=environment)
    assert ended.exit_code in (1, 3)
    assert "Traceback" not in ended.stderr
