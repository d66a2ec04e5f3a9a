"""However a world's launcher ends, by Ctrl-C, by SIGTERM or by kill -9, no process stays behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.cli.world.databases import Database
from tests.flow.processes.living import processes_of
from tests.waiting import until_sync


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that is not one of pytest's, to which PostgreSQL's user would lose its right (see tests/postgresql)."""
    with TemporaryDirectory(prefix="langqiao-ending-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("end", "database"),
    [
        (signal.SIGINT, Database.SQLITE),
        (signal.SIGKILL, Database.POSTGRESQL),
    ],
)
def test_no_process_outlives_its_launcher(end: signal.Signals, database: Database, place: Path) -> None:
    folder = place / "world"
    command = [sys.executable, "-m", "tests.flow.processes.launcher", str(folder), database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == b"ready\n"
        assert len(processes_of(folder)) >= 5, "launcher, broker, service, relay and gateway"
        launcher.send_signal(end)
    until_sync(lambda: processes_of(folder) == [], timeout=15, what="every process has ended")
