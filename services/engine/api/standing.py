"""How capture and publishing stand: looked at once for all of /health's checks, and shown by /metrics as seen last."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from services.engine.capture.captured import Captured
from services.engine.capture.database import Database, DatabaseAway
from services.engine.capture.status import CaptureStatus, capture_status
from services.engine.log.standing import LogStands
from services.engine.source.port import RecordSource, SourceAway


@dataclass(frozen=True, slots=True)
class Stands:
    """One look, at a time of the monotonic clock. `stale` says by dataset why its table no longer fits; `records` is
    what kept the tables from being read, `capture` what kept the engine's own, when anything did. `status` is None
    where the engine's cannot be read. `left_out`: how many grants the department's office could not list."""

    at: float
    datasets: tuple[str, ...]
    stale: Mapping[str, str]
    records: Exception | None
    status: CaptureStatus | None
    capture: DatabaseAway | None
    log: LogStands
    left_out: int


@dataclass(slots=True)
class Standing:
    """Looks when asked, at most once in `seconds`: whoever asks more often is told the same again."""

    source: RecordSource
    database: Database
    captured: Sequence[Captured]
    seconds: float
    log: Callable[[], LogStands]
    left_out: Callable[[], int]
    last: Stands | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def now(self) -> Stands:
        """How things stand, as seen lately."""
        async with self._one_at_a_time:
            if self.last is None or monotonic() - self.last.at >= self.seconds:
                self.last = await self._look()
            return self.last

    async def _look(self) -> Stands:
        stale, records = await self._tables()
        datasets = tuple(one.dataset for one in self.captured)
        status, capture = None, None
        try:
            status = await capture_status(self.database, self.captured)
        except DatabaseAway as away:
            capture = away
        log, left_out = self.log(), self.left_out()
        return Stands(monotonic(), datasets, stale, records, status, capture, log, left_out)

    async def _tables(self) -> tuple[Mapping[str, str], Exception | None]:
        known = self.last.stale if self.last is not None else {}
        try:
            return await self.source.check(), None
        except SourceAway as away:
            return known, away
        except Exception as fault:
            return known, fault
