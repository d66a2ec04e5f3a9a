"""Which signed messages came to this node, across restarts; asked by the gate before a message is acted on."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from schemas.trust.message import Sent
from schemas.trust.replay import Replays
from services.engine.access.before import Before
from services.engine.log.access_log import AccessLog
from services.engine.log.files import LogUnavailable
from services.engine.log.recent import messages_since


@dataclass(slots=True)
class Came:
    """What came while this process runs is in memory, what was answered before it in the access log, whose one writer
    this process is by then: so it holds for all processes that ever answer for a node.

    A message that was refused before anything was disclosed has no entry, and after a restart it is judged anew; see
    `Replays`. A write whose process was killed before its entry stood has none either: there If-Match, or the
    idempotency key, keeps it from being done twice.
    """

    log: AccessLog
    clock: Callable[[], datetime]
    _replays: Replays = field(default_factory=Replays)
    _before: Before[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._before = Before(
            self.log, lambda folder: messages_since(folder, self.clock()), self._replays.remember
        )

    async def recall(self) -> None:
        """Begin with what came before. While the log cannot be written nothing is disclosed, and it is tried again at
        each message."""
        with suppress(LogUnavailable):
            await self._before.recall()

    async def first(self, sent: Sent, now: datetime) -> bool:
        """Whether a message comes for the first time; of two at the same moment one does. Raises LogUnavailable while
        nobody knows."""
        await self._before.recall()
        return self._replays.first(sent, now)
