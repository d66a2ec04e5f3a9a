"""Another pseudonym key taken in while the relay works: a step towards it at a time, beside the sending; used by
`chores`."""

import logging
from collections.abc import Sequence

from services.engine.capture import renaming
from services.engine.capture.database import Database
from services.engine.relay.feeds import Feed, keys_of, majors_of
from services.engine.relay.lease import Lease

_log = logging.getLogger("langqiao.relay")

#: Records in one transaction: short, since on SQLite the department's writers wait for it.
_CHUNK = 200


class Renaming:
    """Whoever takes the next step goes on from what the database says."""

    def __init__(self, database: Database, feeds: Sequence[Feed]) -> None:
        self._database = database
        self._keys = keys_of(feeds)
        self._feeds = [one for one in feeds if one.namer.pseudonymous]
        self._majors = majors_of(self._feeds)

    @property
    def may_name(self) -> bool:
        """Whether it is known which key names, as `sending` finds out when it begins, and the file holds it."""
        return bool(self._keys.turns) and not self._keys.lost

    async def step(self, lease: Lease) -> bool:
        """Where the file has a newer key than the one that names, keep some records' ids by it, or let it name once all
        have theirs; whether that was done, and there may be more."""
        keys = self._keys
        keys.look()
        if keys.newest.secret == keys.secret:
            return False
        for feed in self._feeds:
            prepare = (feed.namer, feed.dataset, keys.newest, _CHUNK)
            if await self._database.write(renaming.prepare_some, *prepare):
                return True
        stand = await lease.write(renaming.turn, keys.newest, self._majors)
        keys.follow(stand.turns, stand.epoch)
        _log.info("another pseudonym key names the records: epoch %d begins", stand.epoch)
        return True
