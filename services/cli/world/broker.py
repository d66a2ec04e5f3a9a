"""The embedded Kafka-protocol broker as a child process; used by `world` and by the seam tests."""

from importlib.resources import files
from pathlib import Path

from services.cli.world.processes import Child, StartFailed, listening, start, wait_until

_READY_SECONDS = 20.0


def start_broker(port: int, folder: Path) -> Child:
    """Start the broker on a loopback port with its data under `folder`; returns when it accepts connections."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        str(_program()),
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


def _program() -> Path:
    """The broker itself. The command that the package installs is a wrapper around it: killed, it would leave the
    broker running."""
    try:
        program = Path(str(files("noida_db").joinpath("noida-db")))
    except ModuleNotFoundError as fault:
        raise StartFailed("the broker needs the development extra: pip install 'langqiao[dev]'") from fault
    program.chmod(0o755)
    return program
