"""Looks at records that are said to be wrong, and has access logs read for those that were mended; run beside the calls
by `office`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from schemas.wire.problem import Problem
from services.departments.data_office.correction_desk import CorrectionDesk
from services.departments.data_office.logs import Logs
from services.departments.data_office.matters import CORRECTIONS, Record

#: How often it is looked for what is to be done where no step was taken and nothing waits, in seconds.
_LOOK_SECONDS = 5.0
_TICK_SECONDS = 1.0
#: What did not come about is tried again after so long, in seconds, and then each time twice as late.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 3_600.0
#: A grant takes a moment to the department's node; who waits for longer is told of.
_TOLD_PAUSE = 8.0
_log = logging.getLogger("langqiao.engine")

#: What is to be done with a matter; says whether it is done.
_Doing = Callable[[Record], Awaitable[bool]]


@dataclass(slots=True)
class Receiving:
    """One department at a time does not keep the others waiting, however slow it is or long its log. What one process
    of the office tried is in its memory alone: another one, or the next, begins anew. `logs` is None where no
    department can be asked."""

    corrections: CorrectionDesk
    logs: Logs | None
    _at_work: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _pauses: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    _looked: tuple[int, float] = (-1, 0.0)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while self.logs is not None:
                try:
                    await self._begin(group, self.logs)
                except Exception as fault:
                    # The type alone: a driver's text may hold an address or a value.
                    _log.error("corrections could not be looked at: %s", type(fault).__name__)
                await asyncio.sleep(_TICK_SECONDS)

    async def once(self) -> None:
        """Try now whatever is to be done."""
        self._pauses.clear()
        self._looked = (-1, 0.0)
        async with asyncio.TaskGroup() as group:
            if self.logs is not None:
                await self._begin(group, self.logs)

    async def _begin(self, group: asyncio.TaskGroup, logs: Logs) -> None:
        desk = self.corrections.desk
        if not self._pauses and self._looked[0] == desk.kept and monotonic() < self._looked[1]:
            return
        self._looked = (desk.kept, monotonic() + _LOOK_SECONDS)
        read = partial(self.corrections.read, logs)
        open_ones = [one for one in await self.corrections.open() if _id(one) not in self._seen]
        todo = [(one, self.corrections.see) for one in open_ones]
        todo += [(one, read) for one in await self.corrections.unread()]
        waiting = {_try_of(one) for one, _ in todo}
        self._pauses = {tried: pause for tried, pause in self._pauses.items() if tried in waiting}
        for provider in {str(one["provider"]) for one, _ in todo} - self._at_work:
            self._at_work.add(provider)
            group.create_task(self._work(provider, [it for it in todo if it[0]["provider"] == provider]))

    async def _work(self, provider: str, todo: list[tuple[Record, _Doing]]) -> None:
        try:
            for one, do in todo:
                await self._try(one, do)
        finally:
            self._at_work.discard(provider)

    async def _try(self, record: Record, do: _Doing) -> None:
        """Do it where its pause is over. What is wrong with one matter leaves the others as they are."""
        tried = _try_of(record)
        until, pause = self._pauses.get(tried, (0.0, _FIRST_PAUSE))
        if monotonic() < until:
            return
        why = "what it showed does not do"
        try:
            if await do(record):
                self._seen.add(_id(record))
                self._pauses.pop(tried, None)
                return
        except Problem as fault:
            why = fault.detail
        except Exception as fault:
            # The type alone: a fault's text may hold what an answer says.
            why = type(fault).__name__
        if pause == _TOLD_PAUSE:
            _log.warning("%s waits for its department: %s", _id(record), why)
        self._pauses[tried] = (monotonic() + pause, min(2 * pause, _LONGEST_PAUSE))


def _id(record: Record) -> str:
    return str(record[CORRECTIONS.id_item])


def _try_of(record: Record) -> tuple[str, str]:
    return _id(record), str(record["state"])
