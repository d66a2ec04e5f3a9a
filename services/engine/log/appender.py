"""The one writer of a node's access log: callers wait for their entries, a thread writes all that wait at once; used by
`access_log`."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue

from schemas.trust.entries import Act, Entry, Head
from services.engine.log.files import LogUnavailable
from services.engine.log.store import Store

#: Most entries that are written at once: bounds what a failed write refuses, and memory.
_MOST = 1_000
_log = logging.getLogger("langqiao.engine")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A caller who waits; without an entry it only asks whether the log takes any."""

    entry: Entry | None
    durable: "asyncio.Future[Head]"


class Appender:
    """Group commit: while one write is on its way to the disk, the entries of other callers gather for the next.

    `head` is the last durable entry. `trouble` says why the last write failed, None when it did not; the next one that
    works tells the log how many callers were refused meanwhile.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self.trouble: str | None = None
        self.refused = 0

    @property
    def head(self) -> Head:
        return self._store.head

    async def append(self, entry: Entry) -> Head:
        """Where the entry stands in the log, as soon as it is on the disk; raises LogUnavailable."""
        return await self._wait(entry)

    async def probe(self) -> None:
        """See whether the log takes entries, so that trouble ends without a caller; raises LogUnavailable."""
        await self._wait(None)

    async def _wait(self, entry: Entry | None) -> Head:
        durable: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(entry, durable))
        return await durable

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, and let another process write."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._gather()
            if batch:
                self._settle(batch)
        self._store.close()

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """Everybody who waits by now, at least one; False when it is time to stop."""
        batch: list[_Waiting] = []
        one = self._queue.get()
        while one is not None:
            batch.append(one)
            if self._queue.empty() or len(batch) == _MOST:
                return batch, True
            one = self._queue.get()
        return batch, False

    def _settle(self, batch: Sequence[_Waiting]) -> None:
        entries = [one.entry for one in batch if one.entry is not None]
        ours = [] if self.trouble is None else [self._resumed()]
        try:
            heads = iter(self._store.write([*ours, *entries])[len(ours) :])
        except Exception as fault:
            self._blame(fault, len(entries))
            outcome: list[Head | None] = [None] * len(batch)
        else:
            self.trouble, self.refused = None, 0
            outcome = [next(heads) if one.entry is not None else self._store.head for one in batch]
        pairs = list(zip(batch, outcome, strict=True))
        for loop in {one.durable.get_loop() for one in batch}:
            theirs = [(one.durable, head) for one, head in pairs if one.durable.get_loop() is loop]
            # A loop is gone when its process ends in the middle of a call.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_tell, theirs, self.trouble)

    def _resumed(self) -> Entry:
        return self._store.own(Act.RESUMED, reason=self.trouble, refused=self.refused)

    def _blame(self, fault: Exception, refused: int) -> None:
        reason = _reason(fault)
        if reason != self.trouble:
            _log.error("access log: nothing is disclosed, since no entry can be written: %s", reason)
        self.trouble, self.refused = reason, self.refused + refused


@asynccontextmanager
async def appending(store: Store) -> AsyncIterator[Appender]:
    """The appender of a store, running; everything that waits is written before the block ends."""
    appender = Appender(store)
    appender.start()
    try:
        yield appender
    finally:
        await appender.stop()


def _tell(outcome: Sequence[tuple["asyncio.Future[Head]", Head | None]], trouble: str | None) -> None:
    for durable, head in outcome:
        if durable.done():
            # Its caller went away; an entry without an answer may stand.
            continue
        if head is None:
            durable.set_exception(LogUnavailable(trouble))
        else:
            durable.set_result(head)


def _reason(fault: Exception) -> str:
    """The kind of trouble, without a path."""
    if isinstance(fault, LogUnavailable):
        return str(fault)
    return str(fault.strerror) if isinstance(fault, OSError) else type(fault).__name__
