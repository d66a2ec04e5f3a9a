"""A process that cannot do its work does not start, and says in a sentence what is wrong and where."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.contracts.load import files

_KIND = "credit"
_CONTRACT = "penalties.v1.odcs.yaml"


def _environment(folder: Path) -> dict[str, str]:
    (folder / "pseudonym.key").write_bytes(bytes(range(32)))
    return {
        "LANGQIAO_KIND": _KIND,
        "LANGQIAO_DIVISION": "330200",
        "LANGQIAO_DATABASE_URL": f"sqlite:///{folder / 'records.sqlite'}",
        "LANGQIAO_PSEUDONYM_KEY_FILE": str(folder / "pseudonym.key"),
        "LANGQIAO_CONTRACTS_DIR": str(folder / "contracts"),
    }


@pytest.fixture
def damaged(tmp_path: Path) -> tuple[dict[str, str], int]:
    """Settings that point at contracts with one damaged item, and the line where that item begins."""
    home = tmp_path / "contracts" / _KIND
    home.mkdir(parents=True)
    for path in files(_KIND):
        shutil.copy(path, home)
    text = (home / _CONTRACT).read_text(encoding="utf-8")
    (home / _CONTRACT).write_text(
        text.replace("logicalType: number", "logicalType: money", 1), encoding="utf-8"
    )
    lines = text[: text.index("logicalType: number")].splitlines()
    return _environment(tmp_path), max(number for number, line in enumerate(lines, 1) if "- name:" in line)


@pytest.mark.parametrize("verb", ["serve", "relay"])
def test_a_malformed_contract_stops_the_start_with_file_line_and_item(
    verb: str, damaged: tuple[dict[str, str], int]
) -> None:
    environment, line = damaged
    ended = _run(verb, environment)
    assert ended.returncode == 1
    assert f"{_CONTRACT}:{line}: item " in ended.stderr
    assert "Traceback" not in ended.stderr


def _run(verb: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli", "department", verb, _KIND]
    told = {**os.environ, **environment}
    return subprocess.run(command, env=told, capture_output=True, text=True, timeout=30, check=False)
