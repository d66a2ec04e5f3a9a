"""A launcher of a small world, to be ended in every way; run by test_ending as: python -m … FOLDER DATABASE."""

import signal
import sys
from pathlib import Path

from services.cli.world.databases import Database
from services.cli.world.world import running_world
from services.engine.synthetic.population import Size


def main(folder: Path, database: Database) -> None:
    """Start one department with all that it needs, say so, and wait."""
    # A shell's background job begins with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with running_world(folder, ("credit",), size=Size().scaled(0.002), database=database):
        print("ready", flush=True)  # noqa: T201 the test waits for this line
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Database(sys.argv[2]))
