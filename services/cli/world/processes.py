"""Child processes that never outlive the launcher; used by `world`."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 10.0
_FIRST_PORT, _LAST_PORT = 20_000, 32_000


class StartFailed(Exception):
    """A child did not come up; says which, and the end of its log."""


class Process(Protocol):
    """What a world asks of its processes; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


@dataclass(slots=True)
class Child:
    """One running child; its output goes to `log`."""

    name: str
    process: Process
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9, as a crash would."""
        self.process.kill()
        self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def start(
    name: str,
    command: Sequence[str],
    log_dir: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Child:
    """Start a child, in our directory or another, with its own log file; it dies with us, even when we are killed."""
    log = log_dir / f"{name}.log"
    die_with_us = partial(_die_with, os.getpid(), ctypes.CDLL(None).prctl)
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            # A session of its own keeps the terminal's Ctrl-C for the launcher, which then ends its children in order.
            start_new_session=True,
            preexec_fn=die_with_us,
        )
    return Child(name, process, log)


def stop_all(children: Sequence[Child]) -> None:
    """Ask all to end, wait a while, then end those that remain."""
    for child in children:
        if child.alive:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def wait_until(ready: Callable[[], bool], child: Child, seconds: float) -> None:
    """Poll until ready; StartFailed when the child ends first or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not child.alive:
            raise StartFailed(
                f"{child.name} ended with code {child.process.returncode}:\n{child.last_words()}"
            )
        if time.monotonic() > deadline:
            raise StartFailed(f"{child.name} was not ready within {seconds:.0f} s:\n{child.last_words()}")
        time.sleep(0.05)


def free_ports(count: int, first: int = 0) -> list[int]:
    """Ports on loopback that nobody listens on now, below the range that outgoing connections use.

    `first` is the first of them when it is free.
    """
    found = [first] if first and _is_free(first) else []
    start_at = _FIRST_PORT + os.getpid() * 997 % (_LAST_PORT - _FIRST_PORT)
    for step in range(_LAST_PORT - _FIRST_PORT):
        port = _FIRST_PORT + (start_at - _FIRST_PORT + step) % (_LAST_PORT - _FIRST_PORT)
        if _is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise StartFailed(f"no {count} free ports between {_FIRST_PORT} and {_LAST_PORT}")


def listening(port: int) -> bool:
    """Whether somebody accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _die_with(parent: int, prctl: Callable[[int, int], int]) -> None:
    """Runs in the child before its program: the kernel ends it with us, however we end."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
