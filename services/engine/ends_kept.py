"""The ends of this department's majors, as its office said last, put beside its records for the relay; run beside the
calls by `node`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from schemas.trust.grants import Grants
from services.engine.beside import beside
from services.engine.capture import retired
from services.engine.capture.database import Database, DatabaseAway

_LOOK_SECONDS = 1.0
_log = logging.getLogger("langqiao.engine")


@asynccontextmanager
async def ends_kept(database: Database, decided: Callable[[], Grants]) -> AsyncIterator[None]:
    """Within the block what `decided` says is kept as soon as its document is newer than the one that is kept."""
    async with beside(_keep_on(database, decided)):
        yield


async def _keep_on(database: Database, decided: Callable[[], Grants]) -> None:
    while True:
        found = decided()
        try:
            # A node without a document knows nothing of ends: what it was told before stands.
            if found.number and await database.read(retired.newer, found.number):
                await database.write(retired.keep, found.number, found.retiring)
        except DatabaseAway as away:
            _log.info("ends of majors are not kept now (%s)", away)
        await asyncio.sleep(_LOOK_SECONDS)
