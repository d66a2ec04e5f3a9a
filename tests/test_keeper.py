"""What a test run has begun does not outlive it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.keeper import bearing, mark_of
from tests.waiting import until_sync

_ROOT = Path(__file__).parent.parent
#: A run with a child that stands still, and one that went its own way.
_RUN = """
import signal, subprocess, sys
from pathlib import Path
from tests.keeper import kept
with kept(Path(sys.argv[1])):
    still, away = (subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(2))
    still.send_signal(signal.SIGSTOP)
    print("begun", flush=True)
    sys.stdin.read()
    still.kill()
    away.kill()
"""


@pytest.mark.parametrize("killed", [True, False])
def test_nothing_that_a_run_began_outlives_it(tmp_path: Path, killed: bool) -> None:
    folder = tmp_path / "of-the-run"
    folder.mkdir()
    command = [sys.executable, "-c", _RUN, str(folder)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        assert run.stdout.readline() == b"begun\n"
        mark = mark_of(run.pid)
        assert len(bearing(mark)) == 2
        if killed:
            run.kill()
        else:
            run.stdin.close()
    until_sync(lambda: not bearing(mark), what="all its processes end")
    until_sync(lambda: folder.exists() != killed, what="its folder goes when it was killed")


@pytest.mark.live
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_sitting_of_the_crash_harness_that_is_killed_leaves_nobody_behind(store: str) -> None:
    command = [sys.executable, "-m", "tests.crash", "--runs", "1000", "--stores", store]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL) as sitting:
        mark = mark_of(sitting.pid)
        until_sync(lambda: _at_work(mark, store), timeout=60, what="relays are at work")
        os.kill(sitting.pid, signal.SIGKILL)
    until_sync(lambda: not bearing(mark), timeout=30, what="all its processes end")


def _at_work(mark: str, store: str) -> bool:
    """A broker, perhaps a server, the process that forks, one that keeps its books, and some that were forked."""
    names = list(bearing(mark).values())
    return len(names) > 6 and ("postgres" in names) == (store == "postgresql")
