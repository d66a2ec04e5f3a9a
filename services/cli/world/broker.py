"""The embedded Kafka-protocol broker as a child process; used by `world` and by the seam tests."""

import sys
from pathlib import Path

from services.cli.world.processes import Child, listening, start, wait_until

_READY_SECONDS = 20.0


def start_broker(port: int, folder: Path) -> Child:
    """Start the broker on a loopback port with its data under `folder`; returns when it accepts connections."""
    folder.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).parent / "noida-db"
    command = [
        str(program),
        "start",
        "--only",
        "kafka",
        "--kafka-port",
        str(port),
        "--data-dir",
        str(folder / "broker"),
    ]
    child = start("broker", command, folder)
    wait_until(lambda: listening(port), child, _READY_SECONDS)
    return child
