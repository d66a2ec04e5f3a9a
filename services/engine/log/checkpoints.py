"""Where the log stands, signed at times, and which other nodes hold that; run beside the calls by
`services.engine.checkpointing`."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from schemas.trust.entries import Act, Entry, Head
from schemas.trust.evidence_time import DIGESTS
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import Checkpoint, members_of, read_countersigned, sign_checkpoint
from services.engine.log.access_log import AccessLog
from services.engine.log.files import append_line

#: In the log's folder: checkpoints and countersignatures, one signed text a line.
FILE = "checkpoints.jws"
#: How many other members must hold a checkpoint.
ENOUGH = 2
_LOOK_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_log = logging.getLogger("langqiao.engine")

#: Gives another node a signed checkpoint, and what it countersigned; raises WitnessAway, Contradicted.
Ask = Callable[[str], Awaitable[str]]
#: Tells a signed checkpoint elsewhere too; raises nothing.
Publish = Callable[[Checkpoint, str], Awaitable[None]]


class WitnessAway(Exception):
    """Another node did not take the checkpoint; worth trying again. Says what came of it."""


class Contradicted(Exception):
    """Another node holds a checkpoint of this log that contradicts ours."""


@dataclass(slots=True)
class Checkpoints:
    """Makes checkpoints and has them witnessed; neither ever keeps a call waiting.

    A checkpoint covers all before it, so a witness is told the newest alone, again and again until it answers. Who
    holds it is counted by member: two addresses or nodes of one member are one, and this department's own are none.
    """

    log: AccessLog
    registry: Callable[[], Registry]
    witnesses: Mapping[str, Ask]
    publish: Publish
    every_seconds: float
    every_entries: int
    newest: tuple[Checkpoint, str] | None = None
    contradicted: set[str] = field(default_factory=set)
    _told: dict[str, int] = field(default_factory=dict)
    _held: dict[str, int] = field(default_factory=dict)
    _open: deque[tuple[int, float]] = field(default_factory=deque)
    _made_at: float = float("-inf")
    _made: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._make_at_times())
            for name, ask in self.witnesses.items():
                group.create_task(self._have_witnessed(name, ask))

    @property
    def waiting_seconds(self) -> float:
        """The age of the oldest checkpoint that two other members do not hold yet; 0 when they hold all."""
        return monotonic() - self._open[0][1] if self._open else 0.0

    @property
    def holders(self) -> int:
        """How many other members hold the checkpoint that waits for two; where none waits, the newest."""
        at = self._open[0][0] if self._open else self.newest[0].number if self.newest else 0
        return sum(number >= at for number in self._held.values())

    async def _make_at_times(self) -> None:
        while True:
            if self._is_due():
                try:
                    await self._make()
                except Exception as fault:
                    # A full disk, most of all; whatever it is, the next one covers it.
                    _log.warning("access log: no checkpoint was made (%s)", type(fault).__name__)
            await asyncio.sleep(min(_LOOK_SECONDS, self.every_seconds))

    def _is_due(self) -> bool:
        fresh = self.log.appender.head.number - (self.newest[0].number if self.newest else 0)
        late = monotonic() - self._made_at >= self.every_seconds
        return (late and self._has_to_name()) or (fresh > 0 and (late or fresh >= self.every_entries))

    def _has_to_name(self) -> bool:
        """Whether signatures wait to be named, and the log takes entries."""
        stamps, trouble = self.log.stamps, self.log.appender.trouble
        return stamps is not None and trouble is None and not stamps.all_named

    async def _make(self) -> None:
        key = self.log.node_key
        if key is None:
            return
        head = await self._stamped() or self.log.appender.head
        one = Checkpoint(self.log.node, head.number, head.hash, self.log.clock())
        text = sign_checkpoint(one, key)
        await asyncio.to_thread(append_line, self.log.folder / FILE, text)
        self._made_at = monotonic()
        self._open.append((one.number, self._made_at))
        async with self._made:
            self.newest = (one, text)
            self._made.notify_all()
        await self.publish(one, text)

    async def _stamped(self) -> Head | None:
        """The entry that names the signatures which no witness holds yet: the checkpoint stands at that very entry, so
        that the two together say when they stood. None where none waits."""
        stamps = self.log.stamps
        digests = stamps.next() if stamps is not None else ()
        if stamps is None or not digests:
            return None
        told = {DIGESTS: list(digests)}
        head = await self.log.append(Entry(self.log.clock(), self.log.node, Act.STAMPED, told=told))
        await asyncio.to_thread(stamps.named, head, digests)
        return head

    async def _have_witnessed(self, name: str, ask: Ask) -> None:
        pause = _FIRST_PAUSE
        while True:
            one, text = await self._next(name)
            try:
                await self._keep(name, one, await ask(text))
                pause = _FIRST_PAUSE
                continue
            except Contradicted:
                if name not in self.contradicted:
                    _log.error("access log: %s holds another past of it than this node", name)
                self.contradicted.add(name)
            except (WitnessAway, DocumentRefused) as fault:
                _log.warning("access log: %s does not witness it yet (%s)", name, fault)
            except Exception as fault:
                _log.warning("access log: %s does not witness it yet (%s)", name, type(fault).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _next(self, name: str) -> tuple[Checkpoint, str]:
        """The newest checkpoint, as soon as there is one that this witness does not hold."""
        async with self._made:
            await self._made.wait_for(
                lambda: self.newest is not None and self.newest[0].number > self._told.get(name, 0)
            )
        assert self.newest is not None
        return self.newest

    async def _keep(self, name: str, one: Checkpoint, answer: str) -> None:
        member = self._holder(one, answer)
        await asyncio.to_thread(append_line, self.log.folder / FILE, answer)
        if self.log.stamps is not None:
            await asyncio.to_thread(self.log.stamps.keep, one.number, answer)
            self.log.stamps.settle(one.number)
        self._told[name] = self._held[member] = one.number
        self.contradicted.discard(name)
        held = sorted(self._held.values(), reverse=True)
        while self._open and len(held) >= ENOUGH and self._open[0][0] <= held[ENOUGH - 1]:
            self._open.popleft()

    def _holder(self, one: Checkpoint, answer: str) -> str:
        """The member whose node holds the checkpoint, by its countersignature; raises DocumentRefused."""
        registry = self.registry()
        word = read_countersigned(answer, registry)
        if (word.checkpoint.number, word.checkpoint.hash) != (one.number, one.hash):
            raise DocumentRefused("malformed", "it countersigned something else")
        holders = members_of(word.witness, registry)
        if word.witness == self.log.node or holders & members_of(self.log.node, registry):
            raise DocumentRefused("own-word", "it is a node of this node's own member")
        return min(holders)
