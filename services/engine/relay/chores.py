"""What the relay does beside sending: naming records, reading marked ones again, taking snapshots, deleting what was
sent long ago, taking in another pseudonym key; run by `loop` under its lease."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from time import monotonic

from services.engine.capture import altered, announcing, deletes, dirty, fit, gathering, outbox
from services.engine.capture.database import Database, DatabaseAway
from services.engine.capture.dirty import Todo
from services.engine.capture.naming import name_some
from services.engine.relay.feeds import Feed, majors_of
from services.engine.relay.lease import Lease
from services.engine.relay.renaming import Renaming
from services.engine.relay.turns import Pace
from services.engine.relay.walking import Walker
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")

#: Rows in one transaction: short, since on SQLite the department's writers wait for it.
_CHUNK = 100
#: Between two looks around at least, between two steps at most, where nothing was to be done; and where more is.
_REST_SECONDS, _LONGEST_REST_SECONDS, _MOMENT_SECONDS = 0.25, 1.0, 0.01


class Chores:
    """Each step is one short transaction, which locks the rows that it works on, and is found to be done again when it
    fails. None but the last holds the lease's row: sending goes on beside them."""

    def __init__(self, database: Database, feeds: Sequence[Feed], settings: Settings, pace: Pace) -> None:
        self._database = database
        self._feeds = feeds
        self._settings = settings
        self._pace = pace
        self._mappings = [major.mapping for feed in feeds for major in feed.majors]
        self._majors = majors_of(feeds)
        # All go in one batch then, and a fresh one in the next.
        self._few = max(settings.relay_batch - _CHUNK, 0)
        self._renaming = Renaming(database, feeds)
        self._walkers = {one.dataset: Walker(database, one, settings, pace) for one in feeds}
        self._stale: Mapping[str, fit.Misfit] = {}
        #: Set when the broker was seen to hold what it acknowledged: only then may sent changes go.
        self.may_prune = False

    async def run(self, lease: Lease) -> None:
        """Until cancelled."""
        rest = _REST_SECONDS
        looked_around = -_REST_SECONDS
        while True:
            begun, more = monotonic(), False
            try:
                if begun - looked_around >= _REST_SECONDS:
                    # Not between any two steps of a snapshot.
                    await self._look_around(lease)
                    looked_around = begun
                more = not self._renaming.may_name or await self._name_and_tell(lease)
            except DatabaseAway as away:
                # A writer may only have been slow; whether it is really away, sending finds out.
                _log.info("a chore waits: %s", away)
            rest = self._rest_after(monotonic() - begun) if more else min(2 * rest, _LONGEST_REST_SECONDS)
            await asyncio.sleep(rest)

    async def _name_and_tell(self, lease: Lease) -> bool:
        """Whether something was done of which there may be more."""
        more = await self._renaming.step(lease)
        todo = await self._database.read(dirty.todo, [one.dataset for one in self._feeds])
        for feed in self._feeds:
            more |= await self._work_off(feed, todo[feed.dataset])
        return more

    def _rest_after(self, step: float) -> float:
        """While writers write a snapshot takes half of the time at most, and the less the more others work here."""
        return _MOMENT_SECONDS if self._pace.restless else max(step, _MOMENT_SECONDS)

    async def _look_around(self, lease: Lease) -> None:
        await self._look_at_tables()
        await self._gather()
        await self._announce()
        await self._move_ceiling()
        await self._let_settled_go(lease)
        await self._prune(lease)

    async def _work_off(self, feed: Feed, todo: Todo) -> bool:
        """Whether something was done of which there may be more."""
        dialect, captured, write = self._database.dialect, feed.captured, self._database.write
        if todo.nameless:
            while await write(name_some, feed.namer, feed.dataset, _CHUNK) == _CHUNK:
                pass
        if feed.dataset in self._stale:
            # What was marked waits until it can be read again.
            return False
        again = partial(
            dirty.read_again,
            dialect=dialect,
            captured=captured,
            limit=_CHUNK,
            settle_ms=self._settings.settle_ms,
            hold_deletes=self._settings.hold_deletes,
        )
        # While the outbox is full, marks stay marks: its bound. And no fresh change waits for more than a batch.
        marked = todo.marked
        while marked and await self._database.read(outbox.few_wait, dialect, self._few):
            marked = await write(again) == _CHUNK
        return await self._walkers[feed.dataset].step()

    async def _look_at_tables(self) -> None:
        """Which of them the department has altered so that they no longer fit, or fit again."""
        found = await self._database.read(fit.stale, self._mappings)
        for dataset, misfit in found.items():
            if dataset not in self._stale:
                _log.error("%s is stale, and its changes wait: %s", dataset, misfit.reason)
        for dataset in self._stale.keys() - found.keys():
            _log.info("%s fits again", dataset)
        self._stale = found
        captured = [one.captured for one in self._feeds]
        for dataset, columns in (await self._database.read(altered.altered, captured)).items():
            await self._database.write(altered.note, dataset, columns, fits=dataset not in found)

    async def _gather(self) -> None:
        """Of a record that cannot be told one change waits, and one mark for all that followed."""
        some = await self._database.read(gathering.any_to_gather)
        while some:
            some = await self._database.write(gathering.gather, _CHUNK) == _CHUNK

    async def _announce(self) -> None:
        """What waits because it cannot be published, and what does no longer."""
        for dataset in await self._database.read(announcing.outdated, list(self._majors)):
            await self._database.write(announcing.announce, dataset, self._majors[dataset])

    async def _move_ceiling(self) -> None:
        """Where the outbox is full of nothing: changes that were rolled back have used up ids too."""
        dialect = self._database.dialect
        if not await self._database.read(outbox.has_room, dialect):
            await self._database.write(outbox.set_ceiling, dialect, self._settings.outbox_limit)

    async def _let_settled_go(self, lease: Lease) -> None:
        """Deletes whose record did not come again in time, or of which all marks have said that they are few."""
        settle_ms, most = self._settings.settle_ms, self._settings.hold_deletes
        for dataset in await self._database.read(deletes.settled, settle_ms):
            some = await lease.write(deletes.let_settled_go, dataset, settle_ms, most, _CHUNK)
            if some and await self._database.read(deletes.too_many, dataset, most):
                _log.error("%s: deletes wait for a person; see `langqiao outbox held`", dataset)
            while some == _CHUNK:
                some = await lease.write(deletes.let_settled_go, dataset, settle_ms, most, _CHUNK)

    async def _prune(self, lease: Lease) -> None:
        keep, most = self._settings.outbox_keep_seconds, self._settings.outbox_limit
        dialect = self._database.dialect
        while self.may_prune:
            self.may_prune = await lease.write(outbox.prune, dialect, keep, most, _CHUNK) == _CHUNK
