"""The relay's lease while it is held: renewed beside the work, and first in every write; used by `loop`."""

import asyncio
from time import monotonic
from typing import ParamSpec, TypeVar

from services.engine.capture import lease
from services.engine.capture.database import Database, DatabaseAway, Work
from services.engine.capture.lease import LeaseLost

P = ParamSpec("P")
R = TypeVar("R")


class Lease:
    """Held under a fencing number. By our own clock it ends no later than by the database's, since each renewal is
    counted from before it was asked for; and whatever the clocks say, a write under a number that is no longer the
    newest fails."""

    def __init__(self, database: Database, fence: int, seconds: float, until: float) -> None:
        self._database = database
        self._fence = fence
        self._seconds = seconds
        self._until = until

    async def write(self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`work` in a transaction that renews the lease first; raises LeaseLost or DatabaseAway."""
        asked = monotonic()
        done = await self._database.write(lease.holding, self._fence, self._seconds, work, *args, **kwargs)
        self._until = asked + self._seconds
        return done

    def check(self) -> None:
        """Before sending: raises LeaseLost when the lease may have run out."""
        if monotonic() >= self._until:
            raise LeaseLost

    async def keep(self, work: Work[[], None]) -> None:
        """Renew it three times in its life, doing `work` each time, until it is lost."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                await self.write(work)
            except DatabaseAway:
                self.check()

    async def release(self) -> None:
        await self._database.write(lease.release, self._fence)


async def take(database: Database, holder: str, seconds: float) -> Lease | None:
    """The lease, unless another relay holds it."""
    asked = monotonic()
    fence = await database.write(lease.take, holder, seconds)
    return None if fence is None else Lease(database, fence, seconds, asked + seconds)
