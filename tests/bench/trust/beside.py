"""Starts the two programs in Node that trust is measured beside, where Node and its packages can be had."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.cli.world.processes import Child, free_ports, listening, start, stop_all, wait_until

HERE = Path(__file__).parent
GATEWAY, DEPARTMENT = "gateway", "department"
_START_SECONDS = 20.0
_INSTALL_SECONDS = 180


@dataclass(frozen=True)
class Beside:
    """A program of Node that listens: where, and its process."""

    url: str
    pid: int


@contextmanager
def running(folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Beside]]:
    """The programs by name, each told its settings; none where Node or its packages cannot be had, which is said."""
    program = shutil.which("node")
    if program is None or not _installed(folder):
        print("Node or its packages are not at hand: trust is measured beside nothing.", file=sys.stderr)
        yield {}
        return
    with ExitStack() as stack:
        found = {}
        for name, told in settings.items():
            child, port = _start(program, folder, name, told)
            stack.callback(stop_all, [child])
            wait_until(lambda port=port: listening(port), child, _START_SECONDS)
            found[name] = Beside(f"http://127.0.0.1:{port}", child.process.pid)
        yield found


def _installed(folder: Path) -> bool:
    """The programs with the packages that they name, in a folder of this run."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_INSTALL_SECONDS, check=False)
    return done.returncode == 0


def _start(program: str, folder: Path, name: str, told: Mapping[str, Any]) -> tuple[Child, int]:
    port = free_ports(1)[0]
    settings = folder / f"{name}.json"
    settings.write_text(json.dumps({"port": port, **told}))
    return start(f"beside-{name}", [program, str(folder / f"{name}.mjs"), str(settings)], folder), port
