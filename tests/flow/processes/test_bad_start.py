"""A process that cannot do its work does not start, and says in a sentence what is wrong and where."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.contracts.load import files
from tests.services.cli.tool import run

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


def test_a_malformed_contract_stops_the_service_with_file_line_and_item(
    damaged: tuple[dict[str, str], int],
) -> None:
    environment, line = damaged
    command = [sys.executable, "-m", "services.cli", "department", "serve", _KIND]
    told = {**os.environ, **environment}
    ended = subprocess.run(command, env=told, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert f"{_CONTRACT}:{line}: item " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_malformed_contract_stops_the_relay_too(damaged: tuple[dict[str, str], int]) -> None:
    environment, line = damaged
    ended = run("department", "relay", _KIND, environment=dict(environment))
    assert ended.exit_code == 1
    assert f"{_CONTRACT}:{line}: item " in ended.stderr
