"""Whatever is read ends: what goes on and on is broken off, for tests of hostile input."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Of the processor's time: no busy machine comes near it, only what would never end.
_SECONDS = 60.0


class Endless(BaseException):
    """It did not end. No `except Exception` of what is on trial may hide that."""


@contextmanager
def ends() -> Iterator[None]:
    """Endless where the block goes on; for the main thread."""
    before = signal.signal(signal.SIGPROF, _break_off)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _break_off(_signal: int, _frame: FrameType | None) -> None:
    raise Endless(f"still at work after {_SECONDS:.0f} s of the processor's time")
