"""Our own processes of a world, forked from one that has loaded everything already; used by `world`.

Loading takes a process over a second, and a world has sixteen; so they start together in the time of one, and share
most of its memory. Each runs the same command as a deployment, `langqiao` with arguments and LANGQIAO_… variables.
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Thread

from services.cli.world.processes import Child

_PR_SET_NAME = 15
_PRELOADED = (
    *("services.cli.main", "services.cli.department", "services.cli.gateway"),
    *("services.engine.api.serve", "services.engine.relay.main", "gateway.main"),
)


@dataclass(slots=True)
class Forked:
    """A forked process, in the words of `subprocess.Popen`."""

    process: ForkServerProcess

    @property
    def pid(self) -> int:
        return self.process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(self.process.name, timeout or 0.0)
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.process.kill()


def start_tool(name: str, arguments: Sequence[str], logs: Path, environment: Mapping[str, str]) -> Child:
    """Start `langqiao` with these arguments and its own log file; it dies with us, even when we are killed."""
    return start_forked(name, _tool, (list(arguments),), logs, environment)


def start_forked(
    name: str,
    work: Callable[..., int | None],
    arguments: Sequence[object],
    logs: Path,
    environment: Mapping[str, str],
) -> Child:
    """Start a module's function in a process of its own, as `start_tool` does; its result is the exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    log = logs / f"{name}.log"
    # Daemonic: were we to end without stopping it, nobody waits for it.
    process = context.Process(
        target=_run, args=(work, arguments, environment, log, name), name=name, daemon=True
    )
    process.start()
    return Child(name, Forked(process), log)


def _run(
    work: Callable[..., int | None],
    arguments: Sequence[object],
    environment: Mapping[str, str],
    log: Path,
    name: str,
) -> None:
    """In the child: a session, a log and an environment of its own, and then the work."""
    os.setsid()
    Thread(target=_end_with_launcher, daemon=True).start()
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.environ.update(environment)
    sys.exit(work(*arguments))


def _tool(arguments: list[str]) -> None:
    from services.cli.main import app

    app(arguments, prog_name="langqiao")


def _end_with_launcher() -> None:
    """Watched by hand: the kernel tells of the parent's end alone, and that is the process that forks."""
    launcher = multiprocessing.parent_process()
    assert launcher is not None
    launcher.join()
    os.kill(os.getpid(), signal.SIGTERM)
