"""Whatever is read ends soon: a bound on the processor's time, for tests of hostile input."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time

#: Far above what any of it takes, far below what a caller who waits would call a hang.
_SECONDS = 1.0


@contextmanager
def soon(seconds: float = _SECONDS) -> Iterator[None]:
    """AssertionError where the block takes longer than that of this process's own time."""
    began = process_time()
    yield
    took = process_time() - began
    assert took < seconds, f"it took {took:.2f} s"
