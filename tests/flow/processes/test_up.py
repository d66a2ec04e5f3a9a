"""`langqiao up --once` as a user runs it: the story in order, a last line with timings, and nothing left behind."""

import re
import subprocess
import sys
from pathlib import Path

from tests.flow.processes.living import processes_of

_LAST = re.compile(r"demo ok ready=[\d.]+s question=[\d.]+ms event=[\d.]+ms return=[\d.]+ms refusal=[\d.]+ms")


def _up(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli", "up", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_demo_tells_its_story_and_ends(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    ended = _up("--once", "--size", "0.01", "--folder", str(folder))
    assert ended.returncode == 0, ended.stdout
    assert re.findall(r"^(\d)\. .* ─+$", ended.stdout, re.MULTILINE) == ["1", "2", "3", "4"]
    assert _LAST.fullmatch(ended.stdout.splitlines()[-1])
    assert processes_of(folder) == []


def test_a_demo_empties_no_folder_but_its_own(tmp_path: Path) -> None:
    kept = tmp_path / "letters.txt"
    kept.write_text("mine")
    ended = _up("--once", "--folder", str(tmp_path))
    assert ended.returncode == 1
    assert ended.stdout.startswith("demo failed: ")
    assert kept.read_text() == "mine"
