"""The harness's own processes, forked from one that has loaded everything, so that a life begins in a hundredth of the
time that loading takes; started by `run`, and ended by `tests.keeper` where nobody else can."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.cli.world.forking import Forked
from services.cli.world.processes import Child
from tests.crash.points import SPRUNG

#: What a process does with its plan; its exit code.
Work = Callable[[Any], int]
Condition = Callable[[], bool]


def start(name: str, work: Work, plan: object, folder: Path) -> Child:
    """`work(plan)` as a process with a log of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.crash.relay_process", "tests.crash.writers", "tests.crash.subscriber"]
    )
    log = folder / f"{name}.log"
    process = context.Process(target=_run, args=(work, plan, log), name=name, daemon=True)
    process.start()
    return Child(name, Forked(process), log)


def stopped(child: Child) -> bool:
    """Whether SIGSTOP has taken hold of it."""
    try:
        status = Path(f"/proc/{child.process.pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] == "T"


def resume(child: Child) -> None:
    child.process.send_signal(signal.SIGCONT)


def sprung(child: Child) -> str:
    """What its trap said, empty when it did not spring."""
    if not child.log.exists():
        return ""
    found = [line for line in child.log.read_text(errors="replace").splitlines() if line.startswith(SPRUNG)]
    return found[-1].removeprefix(SPRUNG) if found else ""


def said(child: Child, words: str) -> bool:
    """Whether its log has these words."""
    return child.log.exists() and words in child.log.read_text(errors="replace")


def _run(work: Work, plan: object, log: Path) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(out, stream)
    sys.exit(work(plan))
