"""`langqiao department attach` and `detach`: an administrator puts capture in place and takes it away."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.services.cli.tool import run, seeded

_CHANGE = "UPDATE dw_zj_fzgg_xzcfjdxx SET case_name = case_name || '.' WHERE rowid = 1"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    """Settings of a department with synthetic records."""
    return seeded(tmp_path)


def _captured_by_a_plain_update(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "records.sqlite")) as database, database:
        before = database.execute("SELECT count(*) FROM lq_outbox").fetchone()[0]
        database.execute(_CHANGE)
        return int(database.execute("SELECT count(*) FROM lq_outbox").fetchone()[0] - before)


def test_after_attach_a_plain_update_is_captured_and_after_detach_it_is_not(
    tmp_path: Path, environment: dict[str, str | None]
) -> None:
    for _ in range(2):
        assert run("department", "attach", "credit", environment=environment).exit_code == 0
    assert _captured_by_a_plain_update(tmp_path) == 1
    assert run("department", "detach", "credit", environment=environment).exit_code == 0
    assert _captured_by_a_plain_update(tmp_path) == 0


def test_a_table_that_is_not_there_is_named(tmp_path: Path, environment: dict[str, str | None]) -> None:
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as database:
        database.execute("DROP TABLE dw_zj_fzgg_xzcfjdxx")
    ended = run("department", "attach", "credit", environment=environment)
    assert ended.exit_code == 1
    assert "dw_zj_fzgg_xzcfjdxx" in ended.stderr
