"""`langqiao department seed`: synthetic records for an empty database, and for no other; tables for any."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.services.cli.tool import department, run


def test_an_empty_database_is_filled_and_a_filled_one_is_left_alone(tmp_path: Path) -> None:
    first = run("department", "seed", "credit", "--size", "0.01", environment=department(tmp_path))
    assert (first.exit_code, first.stdout.split()[1]) == (0, "rows")
    before = (tmp_path / "records.sqlite").read_bytes()
    again = run("department", "seed", "credit", "--size", "0.01", environment=department(tmp_path))
    assert again.exit_code == 1
    assert "already exists" in again.stderr
    assert (tmp_path / "records.sqlite").read_bytes() == before


def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(tmp_path: Path) -> None:
    ended = run("department", "seed", "credit", environment=department(tmp_path / "nowhere"))
    assert ended.exit_code == 1
    assert ended.stderr.startswith("The database took no synthetic records: ")


_TABLES_ONLY = ("department", "seed", "data_office", "--tables-only")
#: What `data_office.requests` 1.1.0 shows and 1.0 did not.
_ADDED = {"daily_quota", "call_rate", "told_after", "delegate_systems", "case_required", "untold_basis"}


def test_tables_alone_are_made_and_gain_the_columns_that_they_lack(tmp_path: Path) -> None:
    told = department(tmp_path)
    made = run(*_TABLES_ONLY, environment=told)
    assert (made.exit_code, made.stdout.splitlines()[0]) == (0, "added   table sharing_request")
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as connection:
        for column in _ADDED:
            connection.execute(f"ALTER TABLE sharing_request DROP COLUMN {column}")
        connection.execute("INSERT INTO sharing_request (request_id) VALUES ('R-2026-000001')")
        connection.commit()
        added = run(*_TABLES_ONLY, environment=told)
        assert added.exit_code == 0
        said = {line.split()[2].removesuffix(",") for line in added.stdout.splitlines()}
        assert said == {f"sharing_request.{column}" for column in _ADDED}
        rows = connection.execute(f"SELECT request_id, {', '.join(_ADDED)} FROM sharing_request")
        assert rows.fetchall() == [("R-2026-000001", *(None,) * len(_ADDED))]
    again = run(*_TABLES_ONLY, environment=told)
    assert (again.exit_code, again.stdout) == (0, "All tables have the columns that they must have.\n")


def test_a_table_of_that_name_that_is_another_is_told_and_left(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as connection:
        connection.execute("CREATE TABLE catalogue_entry (note text)")
    ended = run(*_TABLES_ONLY, environment=department(tmp_path))
    assert ended.exit_code == 1
    assert ended.stderr.startswith("The database is as it was: the table catalogue_entry lacks entry_id")
