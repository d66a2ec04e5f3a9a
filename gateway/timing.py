"""How long each stage of a call took; shown as `Server-Timing` by the data plane."""

from time import perf_counter


class Timing:
    """Marks the end of each stage, in the order they happen."""

    __slots__ = ("_last", "_stages", "_start")

    def __init__(self) -> None:
        self._start = self._last = perf_counter()
        self._stages: list[tuple[str, float]] = []

    def mark(self, stage: str) -> None:
        """The stage that just ended; what is marked is the time since the mark before."""
        now = perf_counter()
        self._stages.append((stage, now - self._last))
        self._last = now

    @property
    def milliseconds(self) -> float:
        """Since the call began."""
        return (perf_counter() - self._start) * 1_000

    def header(self) -> str:
        """The value of `Server-Timing`."""
        return ", ".join(f"{stage};dur={seconds * 1_000:.2f}" for stage, seconds in self._stages)
