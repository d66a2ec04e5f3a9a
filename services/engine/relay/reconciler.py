"""The relay's own reconciliations: every so many hours, and where a new epoch wants one; run by `loop` beside the
sending, under its lease."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic

from schemas.wire.control import Reconciled
from services.engine.capture import reconciling, snapshot
from services.engine.capture.database import Database, DatabaseAway
from services.engine.capture.lease import LeaseLost
from services.engine.capture.reconciling import Answered
from services.engine.relay.broker import CannotPublish, Topics
from services.engine.relay.feeds import Feed, majors_of
from services.engine.relay.lease import Lease
from services.engine.relay.mending import Mended, TooManyDeletes, mend
from services.engine.relay.reconciled import Outcome
from services.engine.relay.reconciling import CannotCompare, Comparison
from services.engine.relay.walking import channels_of
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")

#: How often it is asked whether one is due; how long one waits for what is on its way; and how long a dataset is left
#: alone whose reconciliation failed; in seconds.
_LOOK_SECONDS, _PATIENCE_SECONDS, _LATER_SECONDS = 0.5, 30.0, 60.0


class Reconciler:
    """One dataset at a time, so that sending goes on well beside it."""

    def __init__(self, database: Database, feeds: Sequence[Feed], topics: Topics, settings: Settings) -> None:
        self._database = database
        self._feeds = {one.dataset: one for one in feeds}
        self._topics = topics
        self._settings = settings
        #: By dataset, by our own clock.
        self._not_before: dict[str, float] = {}

    async def run(self, lease: Lease) -> None:
        """Until cancelled; raises LeaseLost."""
        while True:
            try:
                await lease.write(reconciling.wait_from_now, list(self._feeds))
                while True:
                    hours = self._settings.reconcile_hours
                    due = await self._database.read(reconciling.due, list(self._feeds), hours)
                    for dataset, wish in due.items():
                        if monotonic() >= self._not_before.get(dataset, 0.0):
                            await self._try(lease, self._feeds[dataset], wish)
                    await asyncio.sleep(_LOOK_SECONDS)
            except DatabaseAway as away:
                # Whether it is really away, sending finds out.
                _log.info("reconciliation waits: %s", away)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _try(self, lease: Lease, feed: Feed, wish: str) -> None:
        """Whatever is wrong with a comparison, it must not stop the sending."""
        try:
            # A snapshot that is wanted, or under way, comes first.
            channels = channels_of(feed, self._database.dialect.name)
            if not await self._database.read(snapshot.due, channels):
                await self._reconcile(lease, feed, wish)
            return
        except LeaseLost:
            raise
        except (CannotCompare, CannotPublish, DatabaseAway) as fault:
            why = str(fault)
        except Exception as fault:
            # The type alone: its text may hold a value.
            why = type(fault).__name__
        self._not_before[feed.dataset] = monotonic() + _LATER_SECONDS
        _log.warning("%s is not compared with its topics: %s", feed.dataset, why)

    async def _reconcile(self, lease: Lease, feed: Feed, wish: str) -> None:
        found = await Comparison(self._database, feed, self._topics, _PATIENCE_SECONDS).run()
        if found.findings:
            _log.error(
                "%s: %d records differ between table and topics; see `langqiao reconcile`",
                feed.dataset,
                found.differing,
            )
        mended = await self._mended(lease, found) if reconciling.mends(wish) else Mended()
        said = {one.mapping.contract.major: _said(found, one.mapping.contract.major) for one in feed.majors}
        answered = Answered(wish, mended.anything)
        await lease.write(reconciling.keep, feed.dataset, counts(found), said, answered)

    async def _mended(self, lease: Lease, found: Outcome) -> Mended:
        majors = majors_of(self._feeds.values())
        try:
            return await mend(found, majors, self._database, lease, self._settings.hold_deletes)
        except TooManyDeletes as why:
            _log.error("%s: %s, which waits for `langqiao reconcile --mend --yes`", found.dataset, why)
            return Mended()


def counts(found: Outcome) -> dict[str, int]:
    """Records of the table, and how many of them differ or were on their way."""
    return {"records": found.records, "differing": found.differing, "moving": found.moving}


def _said(found: Outcome, major: int) -> Reconciled:
    """For subscribers of one major: what each audience's topic folds to, up to which offset of each partition."""
    sides = {str(one.channel.audience): one for one in found.sides if one.major == major}
    return Reconciled(
        started_at=found.started_at,
        **counts(found),
        audiences={audience: one.on_topic.contents for audience, one in sides.items()},
        offsets={audience: one.offsets for audience, one in sides.items()},
    )
