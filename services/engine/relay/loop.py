"""The relay's life: take the lease, send round after round, and say what keeps it from doing so; run by `main`."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

from services.engine.capture import reconciling, retired, status
from services.engine.capture.database import Database, DatabaseAway
from services.engine.capture.lease import LeaseLost
from services.engine.capture.outbox import WentBack
from services.engine.relay.broker import Broker, CannotPublish
from services.engine.relay.chores import Chores
from services.engine.relay.feeds import Feed, going_on
from services.engine.relay.lease import Lease, take
from services.engine.relay.reconciler import Reconciler
from services.engine.relay.sending import Sender
from services.engine.relay.turns import Pace
from services.engine.relay.walking import channels_of
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")

#: Pauses after trouble, in seconds: doubled each time, up to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
#: How often it is seen whether a major has ended.
_LOOK_SECONDS = 1.0


class Relay:
    """One relay of one department. Several may run; the one that holds the lease works, the others wait."""

    def __init__(
        self, database: Database, feeds: Sequence[Feed], broker: Broker, settings: Settings, holder: str
    ) -> None:
        self._database = database
        self._feeds = feeds
        self._broker = broker
        self._settings = settings
        self._holder = holder
        self._over: frozenset[tuple[str, int]] = frozenset()
        self._turned = False
        self._stopping = asyncio.Event()
        self._trouble, self._worry = "", ""

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        """Finish the round under way, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Take the lease and work, again and again, until told to stop."""
        pause = 0.0
        while not self._told_to_end():
            await self._pause(pause)
            try:
                await self._take_and_lead()
                pause = 0.0
            except* LeaseLost:
                _log.warning("%s has lost the lease", self._holder)
            except* DatabaseAway as away:
                _log.warning("the database is away: %s", away.exceptions[0])
                pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)

    def _told_to_end(self) -> bool:
        """By word, or by a cancellation that a task group has answered with an error of its own instead."""
        task = asyncio.current_task()
        return self.stopping or (task is not None and task.cancelling() > 0)

    async def _take_and_lead(self) -> None:
        lease = await take(self._database, self._holder, self._settings.lease_seconds)
        if lease is None:
            await self._pause(self._settings.lease_seconds / 10)
        else:
            _log.info("%s holds the lease", self._holder)
            await self._lead(lease)

    async def _lead(self, lease: Lease) -> None:
        """Until told to stop, or until a major has ended: then whoever leads next tells by the others alone."""
        self._over, self._turned = await lease.write(retired.look), False
        feeds = going_on(self._feeds, self._over)
        shown = [channels_of(one, self._database.dialect.name) for one in feeds]
        await lease.write(reconciling.show, shown)
        pace = Pace(self._database.dialect.one_writer)
        chores = Chores(self._database, feeds, self._settings, pace)
        reconciler = Reconciler(self._database, feeds, self._broker, self._settings)
        async with asyncio.TaskGroup() as group:
            beside = (
                group.create_task(lease.keep(lambda one: status.say(one, self._trouble, self._worry))),
                group.create_task(chores.run(lease)),
                group.create_task(reconciler.run(lease)),
                group.create_task(self._look_for_ends()),
            )
            await self._send(lease, chores, Sender(self._database, feeds, self._broker, self._settings, pace))
            for task in beside:
                task.cancel()
        await lease.release()

    async def _look_for_ends(self) -> None:
        """Until majors have ended that are told; and whether what is shown to the broker is to end."""
        while not self._turned:
            self._worry = self._broker.why_not(datetime.now(UTC))
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(DatabaseAway):
                self._turned = await self._database.read(retired.over) != self._over

    @property
    def _leaving(self) -> bool:
        return self.stopping or self._turned

    async def _send(self, lease: Lease, chores: Chores, sender: Sender) -> None:
        """Round after round. When the broker is in trouble, say so, pause, and begin from what it holds."""
        pause = _FIRST_PAUSE
        while not self._leaving:
            try:
                await sender.begin(lease)
                chores.may_prune = True
                await self._rounds(lease, sender)
            except WentBack:
                _log.error("the database has forgotten a number that we gave")
            except CannotPublish as trouble:
                pause = min(2 * pause, _LONGEST_PAUSE) if self._trouble else _FIRST_PAUSE
                await self._say(lease, str(trouble))
                await self._pause(pause)

    async def _rounds(self, lease: Lease, sender: Sender) -> None:
        """Until it is time to look again what the broker holds. All is well once a round has come to its end."""
        until = monotonic() + self._settings.broker_check_seconds
        busy = await sender.round(lease)
        await self._say(lease, "")
        while monotonic() < until and not self._leaving:
            if not busy:
                await self._rest(until)
            busy = await sender.round(lease)

    async def _rest(self, until: float) -> None:
        """Until there may be something to send."""
        while not await self._database.changed():
            await asyncio.sleep(self._settings.relay_poll_ms / 1_000)
            if self._leaving or monotonic() >= until:
                return

    async def _say(self, lease: Lease, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            _log.warning("publishing stands still: %s", trouble)
        elif self._trouble and not trouble:
            _log.info("publishing goes on")
        self._trouble = trouble
        await lease.write(status.say, trouble, self._worry)

    async def _pause(self, seconds: float) -> None:
        """At most so long: told to stop, not at all."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
