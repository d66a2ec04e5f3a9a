"""What a test run has begun ends with the run, also when that is killed: a process of its own waits for it; used by the
crash harness.

The kernel tells a child of its parent's end. It does not reach whoever was forked by another one in between, a
database's server that went its own way, or a process that stands still. So everybody whom the run begins inherits a
mark in its environment, and by that the keeper finds them.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from tests.waiting import until_sync

_VARIABLE = "BEGUN_BY_TEST_RUN"
_DONE = b"done"
#: How long a database's server may take to put away what it shares with others, and how long all of them, in seconds.
_GRACE, _PATIENCE = 3.0, 30.0


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """Whatever is begun within ends with us, however we end; then the folder goes too. In good order, the block ends
    all by itself."""
    os.environ[_VARIABLE] = mark_of(os.getpid())
    others = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    command = [sys.executable, "-m", __name__, os.environ[_VARIABLE], str(folder)]
    keeper = subprocess.Popen(
        command, stdin=subprocess.PIPE, env=others, cwd=Path(__file__).parent.parent, start_new_session=True
    )
    try:
        yield
    finally:
        keeper.communicate(_DONE)


def mark_of(pid: int) -> str:
    """A running process's own: ids come again, but not at the same moment."""
    since = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{pid}.{since}"


def bearing(mark: str) -> dict[int, str]:
    """The running processes that were begun under a mark, by id, with their names."""
    said = f"{_VARIABLE}={mark}".encode()
    found = {}
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if said in (one / "environ").read_bytes().split(b"\0"):
                found[int(one.name)] = (one / "comm").read_text().strip()
        except OSError:
            # It has ended meanwhile, or is somebody else's.
            continue
    return found


def main(mark: str, folder: str) -> None:
    """Until the run says that it is done, or is no more."""
    if sys.stdin.buffer.read() == _DONE:
        return
    until = monotonic() + _GRACE
    until_sync(lambda: _end(mark, gently=monotonic() < until), _PATIENCE, "all processes of the run end")
    shutil.rmtree(folder, ignore_errors=True)


def _end(mark: str, *, gently: bool) -> bool:
    """Whether nobody was left to be ended."""
    found = bearing(mark)
    for pid, name in found.items():
        try:
            os.kill(pid, signal.SIGQUIT if gently and name == "postgres" else signal.SIGKILL)
        except ProcessLookupError:
            continue
    return not found


if __name__ == "__main__":
    main(*sys.argv[1:])
