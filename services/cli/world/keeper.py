"""Ends the embedded PostgreSQL when the launcher is gone; run by `databases` as a process of its own, with its pid.

PostgreSQL makes itself nobody's child, so the kernel cannot end it with the launcher, as it ends this process.
"""

import os
import signal
import sys
from contextlib import suppress


def main(postmaster: int) -> None:
    """Wait for the end of the launcher, which the kernel tells by SIGTERM; then stop the server at once, cleanly."""
    signal.sigwait({signal.SIGTERM})
    with suppress(ProcessLookupError):
        os.kill(postmaster, signal.SIGINT)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(int(sys.argv[1]))
