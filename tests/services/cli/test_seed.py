"""`langqiao department seed`: synthetic records for an empty database, and for no other."""

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
