"""A service's pseudonym keys while it runs: what their file holds, and which of them the relay lets name; used by
`node`."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from services.engine.beside import beside
from services.engine.capture import naming
from services.engine.capture.database import Database, DatabaseAway
from services.engine.pseudonym_keys import PseudonymKeys

#: How often both are looked at. Records are found by the ids of either key before it names and after, so nobody needs
#: to know of a turn at once.
_LOOK_SECONDS = 0.5
_log = logging.getLogger("langqiao.engine")


@asynccontextmanager
async def keys_followed(database: Database, keys: PseudonymKeys) -> AsyncIterator[None]:
    """Within the block the keys are as file and database have them; where there are several, the start waits to know
    which one names."""
    if keys.several:
        with suppress(DatabaseAway):
            await _look(database, keys)
    async with beside(_follow(database, keys)):
        yield


async def _follow(database: Database, keys: PseudonymKeys) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        # While the database is away, nobody is told of a record either.
        with suppress(DatabaseAway):
            await _look(database, keys)


async def _look(database: Database, keys: PseudonymKeys) -> None:
    keys.look()
    before, stand = keys.secret, await database.read(naming.stand)
    keys.follow(stand.turns, stand.epoch)
    if keys.secret != before:
        _log.info("another pseudonym key names the records, since epoch %d", stand.turns[-1].epoch)
