"""Capture put in place when a service starts, or as soon as its database is there; used by `node` alone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from services.engine.capture.attach import attach
from services.engine.capture.database import Database, DatabaseAway, open_database
from services.engine.mapping.model import Mapping
from services.engine.settings import Settings

#: How long a start waits for capture before it goes on without: long enough for any table that is not huge, short
#: enough that a service whose database is away soon says so.
_WAIT_SECONDS = 2.0
_log = logging.getLogger("langqiao.engine")


@asynccontextmanager
async def capturing(mappings: Sequence[Mapping], settings: Settings) -> AsyncIterator[Database]:
    """The department's database as capture sees it. Raises CannotAttach when it is seen at once that capture cannot
    be put in place; while the database is away it is tried again beside the calls, and /health says so."""
    database = open_database(settings.database_url.get_secret_value())
    work = asyncio.create_task(_attach(database, mappings, settings))
    try:
        await asyncio.wait([work], timeout=_WAIT_SECONDS)
        if work.done():
            work.result()
        yield database
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await database.close()


async def _attach(database: Database, mappings: Sequence[Mapping], settings: Settings) -> None:
    while settings.attach:
        try:
            await attach(database, mappings, outbox_limit=settings.outbox_limit)
        except DatabaseAway as away:
            _log.warning("capture is not in place yet: the database is away (%s)", away)
        else:
            return
