"""`langqiao keys rotate pseudonym` and `retire pseudonym`: what they leave in the key file, and what they refuse."""

from pathlib import Path

import pytest

from services.engine.pseudonym_keys import read_keys
from tests.services.cli.tool import attached, run

_KEY = b"p" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(_KEY)
    return path


def test_a_new_key_comes_before_those_that_were_there(path: Path) -> None:
    for count in (2, 3):
        before = read_keys(path.read_bytes())
        ended = run("keys", "rotate", "pseudonym", "--key", str(path))
        assert ended.exit_code == 0, ended.output
        new, *others = read_keys(path.read_bytes())
        assert (len(others) + 1, tuple(others)) == (count, before)
        assert (len(new.secret), path.stat().st_mode & 0o777) == (32, 0o600)
        assert new.fingerprint in ended.output


@pytest.mark.parametrize("content", [b"short", b"-----BEGIN LANGQIAO PSEUDONYM KEY-----\n"])
def test_a_file_that_holds_no_key_stays_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert run("keys", "rotate", "pseudonym", "--key", str(path)).exit_code == 2
    assert path.read_bytes() == content


def test_a_pseudonym_key_needs_its_file(path: Path) -> None:
    assert run("keys", "rotate", "pseudonym").exit_code == 2


def test_no_key_is_retired_before_the_relay_has_let_the_next_one_name(tmp_path: Path, path: Path) -> None:
    environment = attached(tmp_path, "0.02")
    alone = run("keys", "retire", "pseudonym", environment=environment)
    assert (alone.exit_code, path.read_bytes()) == (2, _KEY)
    assert run("keys", "rotate", "pseudonym", "--key", str(path)).exit_code == 0
    early = run("keys", "retire", "pseudonym", environment=environment)
    assert (early.exit_code, "has not let the newest key name yet" in early.stderr) == (1, True)
    assert [one.retired for one in read_keys(path.read_bytes())] == [None, None]


def test_a_backup_holds_all_keys_and_is_restored_under_a_file_that_has_got_another(
    tmp_path: Path, path: Path
) -> None:
    environment, file = attached(tmp_path, "0.02"), str(tmp_path / "state.zip")
    assert run("keys", "rotate", "pseudonym", "--key", str(path)).exit_code == 0
    kept = path.read_bytes()
    assert run("backup", file, "--with-keys", environment=environment).exit_code == 0
    path.unlink()
    assert run("restore", file, "--over", "--with-keys", environment=environment).exit_code == 0
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (kept, 0o600)
    assert run("keys", "rotate", "pseudonym", "--key", str(path)).exit_code == 0
    assert run("restore", file, "--over", environment=environment).exit_code == 0
