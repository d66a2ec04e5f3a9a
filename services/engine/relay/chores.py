"""What the relay does beside sending: naming records, reading marked ones again, deleting what was sent long ago;
run by `loop` under its lease."""

import asyncio
from collections.abc import Sequence

from services.engine.capture import dirty, outbox
from services.engine.capture.database import Database
from services.engine.capture.naming import name_some
from services.engine.relay.feeds import Feed
from services.engine.relay.lease import Lease
from services.engine.settings import Settings

#: Rows in one transaction: short, since on SQLite the department's writers wait for it.
_CHUNK = 250
_REST_SECONDS = 0.25


class Chores:
    """Each step is one short transaction, and none is lost when it fails: it is found to be done again."""

    def __init__(self, database: Database, feeds: Sequence[Feed], settings: Settings) -> None:
        self._database = database
        self._feeds = feeds
        self._settings = settings
        #: Set when the broker was seen to hold what it acknowledged: only then may sent changes go.
        self.may_prune = False

    async def run(self, lease: Lease) -> None:
        """Until cancelled."""
        while True:
            for feed in self._feeds:
                await self._work_off(lease, feed)
            await self._prune(lease)
            await asyncio.sleep(_REST_SECONDS)

    async def _work_off(self, lease: Lease, feed: Feed) -> None:
        dialect, captured = self._database.dialect, feed.captured
        todo = await self._database.read(dirty.todo, captured.dataset)
        if todo.nameless:
            while await lease.write(name_some, dialect, captured, feed.namer, _CHUNK) == _CHUNK:
                pass
        if todo.all_marked_at is not None:
            await self._mark_each(lease, feed, todo.all_marked_at)
        # While the outbox is full, marks stay marks: that is its bound.
        while todo.marked and await self._database.read(outbox.has_room, dialect):
            if await lease.write(dirty.read_again, dialect, captured, _CHUNK) < _CHUNK:
                break

    async def _mark_each(self, lease: Lease, feed: Feed, marked_at: str) -> None:
        """The mark on every record becomes one on each: those in the table, and those that we take to be there."""
        dialect, captured = self._database.dialect, feed.captured
        found: str | None = None
        while (found := await lease.write(dirty.mark_found, dialect, captured, found, _CHUNK)) is not None:
            pass
        known: str | None = None
        while (known := await lease.write(dirty.mark_known, captured.dataset, known, _CHUNK)) is not None:
            pass
        await lease.write(dirty.settle, captured.dataset, marked_at)

    async def _prune(self, lease: Lease) -> None:
        keep, most = self._settings.outbox_keep_seconds, self._settings.outbox_limit
        dialect = self._database.dialect
        while self.may_prune:
            self.may_prune = await lease.write(outbox.prune, dialect, keep, most, _CHUNK) == _CHUNK
