"""Snapshots taken beside sending: a feed's channels as a walk sees them, and its steps, no faster than changes are
sent; used by `chores`."""

import logging

from schemas.wire.control import THIN
from schemas.wire.event import MAX_BODY_BYTES
from services.engine.capture import outbox, snapshot
from services.engine.capture.database import Database
from services.engine.capture.snapshot import Channels, Sight
from services.engine.capture.told import digest_of
from services.engine.relay.feeds import Feed
from services.engine.relay.turns import Pace
from services.engine.relay.views import Unpublishable, View, row_of, views
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")


class Walker:
    """One feed's snapshots. A step is one short transaction, and whoever takes the next one goes on from it."""

    def __init__(self, database: Database, feed: Feed, settings: Settings, pace: Pace) -> None:
        self._database = database
        self._pace = pace
        self._channels = channels_of(feed, database.dialect.name)
        self._hold = settings.hold_deletes
        self._batch = settings.relay_batch

    async def step(self) -> bool:
        """Walk on, where a snapshot is wanted and few changes wait; whether that was done, and there is more."""
        database, channels = self._database, self._channels
        if not await database.read(snapshot.due, channels):
            return False
        # All that waits is seen in one round, so that fresh changes go first.
        some = min(self._pace.records, max(self._batch // 2, 1))
        few = min(self._batch - some, 2 * some)
        if not await database.read(outbox.few_wait, database.dialect, few):
            return False
        done = await database.write(snapshot.step, database.dialect, channels, some, self._hold)
        if done.held:
            _log.error("%s: deletes wait for a person; see `langqiao outbox held`", channels.dataset)
        return done.more


def channels_of(feed: Feed, dialect: str) -> Channels:
    """A feed's channels as a walk sees them."""
    places = {
        channel.label: (major.mapping.contract.major, str(channel.audience), channel.watched)
        for major in feed.majors
        for channel in major.channels
        if channel.watched
    }

    def look(row: str) -> list[Sight] | None:
        try:
            return [_sight(one) for one in views(feed, row_of(feed, row, dialect))]
        except Unpublishable:
            return None

    return Channels(
        feed.captured,
        feed.namer,
        {label: (major, audience) for label, (major, audience, _) in places.items()},
        {label: watched for label, (_, _, watched) in places.items()},
        look,
    )


def _sight(view: View) -> Sight:
    thin = not view.data or len(view.body) > MAX_BODY_BYTES
    return Sight(view.channel.label, view.digest, THIN if thin else digest_of(view.body))
