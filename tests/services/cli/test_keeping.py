"""`langqiao backup` and `langqiao restore`: a department's person keeps the engine's state, and gets it back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.services.cli.tool import attached, run

_KEY = b"p" * 32


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    """A department with captured records."""
    (tmp_path / "pseudonym.key").write_bytes(_KEY)
    return attached(tmp_path, "0.02")


def _sql(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "records.sqlite")) as database, database:
        return database.execute(statement).fetchall()


def test_a_backup_is_restored_when_that_is_meant(tmp_path: Path, environment: dict[str, str | None]) -> None:
    file = str(tmp_path / "state.zip")
    made = run("backup", file, environment=environment)
    assert made.exit_code == 0, made.output
    assert "330200.credit, epoch 1" in made.stdout
    refused = run("restore", file, environment=environment)
    assert (refused.exit_code, "--over" in refused.stderr) == (1, True)
    restored = run("restore", file, "--over", environment=environment)
    assert restored.exit_code == 0, restored.output
    assert _sql(tmp_path, "SELECT value FROM lq_state WHERE name = 'epoch'") == [("2",)]


def test_secret_files_travel_only_when_they_are_asked_for(
    tmp_path: Path, environment: dict[str, str | None]
) -> None:
    file, key = str(tmp_path / "state.zip"), tmp_path / "pseudonym.key"
    assert run("backup", file, environment=environment).exit_code == 0
    assert _KEY not in (tmp_path / "state.zip").read_bytes()
    said = run("backup", file, "--with-keys", environment=environment)
    assert "is secret" in said.stderr
    key.unlink()
    assert run("restore", file, "--over", environment=environment).exit_code == 2
    assert run("restore", file, "--over", "--with-keys", environment=environment).exit_code == 0
    assert (key.read_bytes(), key.stat().st_mode & 0o777) == (_KEY, 0o600)


def test_another_key_than_the_backups_is_refused(tmp_path: Path, environment: dict[str, str | None]) -> None:
    file = str(tmp_path / "state.zip")
    assert run("backup", file, environment=environment).exit_code == 0
    (tmp_path / "pseudonym.key").write_bytes(b"q" * 32)
    refused = run("restore", file, "--over", environment=environment)
    assert (refused.exit_code, "record ids would change" in refused.stderr) == (1, True)


def test_what_cannot_be_kept_is_said_with_its_exit_code(
    tmp_path: Path, environment: dict[str, str | None]
) -> None:
    (tmp_path / "letters.zip").write_bytes(b"no backup")
    assert run("restore", str(tmp_path / "letters.zip"), environment=environment).exit_code == 1
    assert run("restore", str(tmp_path / "nothing.zip"), environment=environment).exit_code == 2
    nowhere = run("backup", str(tmp_path / "nowhere" / "state.zip"), environment=environment)
    assert (nowhere.exit_code, nowhere.stderr.startswith("No backup is made:")) == (1, True)
    away = {**environment, "LANGQIAO_DATABASE_URL": f"sqlite:///{tmp_path / 'away.sqlite'}"}
    assert run("backup", str(tmp_path / "state.zip"), environment=away).exit_code == 3
