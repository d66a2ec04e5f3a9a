"""Which signed messages came to this node, across restarts; asked by the gate before a message is acted on."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from schemas.trust.message import LEEWAY, LIFETIME, Sent
from schemas.trust.replay import Replays
from services.engine.access.before import Before
from services.engine.log.access_log import AccessLog
from services.engine.log.files import LogUnavailable
from services.engine.log.recent import messages_since

#: From when a message was made to when it could be sent again no more.
_GOOD_FOR = LIFETIME + LEEWAY


@dataclass(slots=True)
class Came:
    """What came while this process runs is in memory, what was answered before it in the access log, whose one writer
    this process is by then: so it holds for all processes that ever answer for a node.

    A message that was refused before anything was disclosed has no entry, and after a restart it is judged anew; see
    `Replays`. A write whose process was killed before its entry stood has none either: there If-Match, or the
    idempotency key, keeps it from being done twice. What is never entered at all, since it discloses no record, counts
    only where it was made since this process began: nobody could say whether an older one came before.
    """

    log: AccessLog
    clock: Callable[[], datetime]
    _replays: Replays = field(default_factory=Replays)
    _before: Before[list[str]] = field(init=False)
    _began: datetime = field(init=False)

    def __post_init__(self) -> None:
        # A message names the second in which it was made.
        self._began = self.clock().replace(microsecond=0)
        self._before = Before(
            self.log, lambda folder: messages_since(folder, self.clock()), self._replays.remember
        )

    async def recall(self) -> None:
        """Begin with what came before. While the log cannot be written nothing is disclosed, and it is tried again at
        each message."""
        with suppress(LogUnavailable):
            await self._before.recall()

    async def first(self, sent: Sent, now: datetime, *, entered: bool) -> bool:
        """Whether a message comes for the first time; of two at the same moment one does. `entered`: its answer has an
        access entry. Raises LogUnavailable while nobody knows."""
        await self._before.recall()
        known = entered or sent.until - _GOOD_FOR >= self._began
        return known and self._replays.first(sent, now)
