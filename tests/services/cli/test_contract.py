"""`langqiao contract`: faults with file, line and item; differences, and whether they break anybody."""

from pathlib import Path

import pytest

from schemas.contracts.load import files
from services.departments import kinds
from tests.services.cli.tool import run

_ARREARS = next(path for path in files("taxation") if path.name == "arrears.v1.odcs.yaml")


def _edited(folder: Path, old: str, new: str, name: str = "arrears.v1.odcs.yaml") -> Path:
    text = _ARREARS.read_text(encoding="utf-8")
    assert old in text
    path = folder / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_lint_names_every_installed_contract() -> None:
    ended = run("contract", "lint")
    assert ended.exit_code == 0
    assert len(ended.stdout.splitlines()) == sum(len(files(kind)) for kind in kinds())


def test_lint_says_file_line_and_item_of_a_fault(tmp_path: Path) -> None:
    broken = _edited(tmp_path, "logicalType: number", "logicalType: money")
    line = 1 + broken.read_text().splitlines().index("      - name: balance")
    ended = run("contract", "lint", str(broken), str(_ARREARS))
    assert ended.exit_code == 1
    assert f"arrears.v1.odcs.yaml:{line}: item balance: " in ended.stderr
    assert ended.stdout.startswith("ok  taxation.arrears")


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("version: 1.0.0", "version: 1.0.1", 0, ""),
        ("      - name: published_by", "      - name: published_elsewhere", 1, "breaking"),
    ],
)
def test_diff_ends_with_1_when_the_same_major_breaks_its_users(
    tmp_path: Path, old: str, new: str, code: int, said: str
) -> None:
    ended = run("contract", "diff", str(_ARREARS), str(_edited(tmp_path, old, new)))
    assert ended.exit_code == code
    assert said in ended.stdout


def test_diff_lets_a_new_major_break(tmp_path: Path) -> None:
    newer = _edited(tmp_path, "version: 1.0.0", "version: 2.0.0")
    newer.write_text(newer.read_text().replace("- name: published_by", "- name: publisher"))
    ended = run("contract", "diff", str(_ARREARS), str(newer))
    assert ended.exit_code == 0
    assert "allowed: a new major" in ended.stdout


def test_diff_of_a_file_that_is_no_contract_is_a_wrong_use(tmp_path: Path) -> None:
    ended = run("contract", "diff", str(_ARREARS), str(_edited(tmp_path, "schema:", "scheme:")))
    assert ended.exit_code == 2
