"""Capture put in place when a service starts, or as soon as its database is there; used by `node` alone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.engine.beside import beside
from services.engine.capture import fit
from services.engine.capture.attach import CannotAttach, attach, forget_others, was_in_place
from services.engine.capture.captured import captures
from services.engine.capture.database import Database, DatabaseAway, open_database
from services.engine.capture.status import in_place
from services.engine.mapping.model import Mapping
from services.engine.settings import Settings

#: How long a start waits for capture before it goes on without: long enough for any table that is not huge, short
#: enough that a service whose database is away soon says so.
_WAIT_SECONDS = 2.0
#: How long a table that no longer fits, or lacks triggers, is left before it is looked at again.
_AGAIN_SECONDS = 5.0
_log = logging.getLogger("langqiao.engine")


@asynccontextmanager
async def capturing(mappings: Sequence[Mapping], settings: Settings) -> AsyncIterator[Database]:
    """The department's database as capture sees it. Raises CannotAttach when it is seen at once that capture cannot
    be put in place; while the database is away, or a table no longer fits, it is tried again beside the calls, and
    /health says so. Where triggers go missing later, as by a table that is swapped for another, they come back."""
    database = open_database(settings.database_url.get_secret_value())
    try:
        async with beside(_attach(database, mappings, settings)) as work:
            await asyncio.wait([work], timeout=_WAIT_SECONDS)
            if work.done():
                work.result()
            async with beside(_keep_in_place(work, database, mappings, settings)):
                yield database
    finally:
        await database.close()


async def _attach(database: Database, mappings: Sequence[Mapping], settings: Settings) -> None:
    """Until capture stands on every table. One that fitted before and no longer does keeps its own dataset waiting; one
    that never did is a fault of the mapping, and stops the start."""
    waiting = sorted({one.contract.dataset for one in mappings})
    while settings.attach and waiting:
        try:
            unfit = [one for one in waiting if not await _attached(database, one, mappings, settings)]
            await forget_others(database, mappings)
        except DatabaseAway as away:
            _log.warning("capture is not in place yet: the database is away (%s)", away)
        else:
            waiting = unfit
            await asyncio.sleep(_AGAIN_SECONDS if unfit else 0)


async def _keep_in_place(
    first: "asyncio.Task[None]", database: Database, mappings: Sequence[Mapping], settings: Settings
) -> None:
    """After it has first stood: once a table lacks triggers and fits, they are put there again."""
    await asyncio.wait([first])
    while settings.attach:
        await asyncio.sleep(_AGAIN_SECONDS)
        try:
            missing = {
                one.dataset
                for one in captures(mappings)
                if not await database.read(in_place, database.dialect, one)
            }
            stale = await database.read(fit.stale, mappings) if missing else {}
            for dataset in sorted(missing - stale.keys()):
                _log.warning("capture of %s has gone missing, and is put in place again", dataset)
                await _attached(database, dataset, mappings, settings)
        except DatabaseAway as away:
            _log.warning("whether capture is in place is not known: the database is away (%s)", away)


async def _attached(
    database: Database, dataset: str, mappings: Sequence[Mapping], settings: Settings
) -> bool:
    mine = [one for one in mappings if one.contract.dataset == dataset]
    try:
        await attach(database, mine, outbox_limit=settings.outbox_limit)
    except CannotAttach as fault:
        if not await was_in_place(database, dataset):
            raise
        _log.warning("capture is not in place: %s", fault)
        return False
    return True
