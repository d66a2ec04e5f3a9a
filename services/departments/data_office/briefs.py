"""All grants of the office in brief, as every department is told them beside its own: what its node needs to know a
purpose's name, and that it hides; asked by `granting`, and made anew beside all calls, by `office`."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.trust import elsewhere, signed
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem
from services.departments.data_office.granted import in_force_for
from services.departments.data_office.matters import REQUESTS, Record, granted_terms
from services.departments.data_office.request_desk import RequestDesk

#: Most bytes of them in one document: signed, they and the grants are less than what a node takes.
ROOM = signed.LONGEST // 8
#: What of a grant's terms others are told.
_HIDING = frozenset({"untold", "told_after_days"})
_TOLD = _HIDING | {"delegates"}
#: How long after one look at the requests the next one begins. A department refuses what it does not know yet, and
#: gives nothing of its own on a name: so old ones do no harm, and a question under a new grant waits for this at most.
_PAUSE_SECONDS = 2.0
_log = logging.getLogger("langqiao.engine")


@dataclass(frozen=True, slots=True)
class Told:
    """The briefs, and the numbers of the requests of which there was no room for one."""

    listed: tuple[dict[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class Briefs:
    """`run` alone looks at the requests, and no document waits for it but the first: what was suspended is told however
    many departments ask, and however long a look takes. `room` is how many bytes of them a document holds, `pause` how
    many seconds lie between two looks."""

    requests: RequestDesk
    room: int = ROOM
    pause: float = _PAUSE_SECONDS
    _last: Told | None = field(default=None)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def told(self) -> Told:
        """Those of the last look: the same object for as long as nothing has changed. Problem not-ready before one has
        succeeded."""
        await self._looked.wait()
        if self._last is None:
            raise Problem("not-ready", "The office could not read its grants yet.")
        return self._last

    async def run(self) -> None:
        """Look at all requests in force, again and again until cancelled."""
        while True:
            try:
                found = in_brief(await self.requests.in_force(), self.room)
                self._last = self._last if self._last == found else found
            except Exception as fault:
                # The type alone: a driver's text may hold an address or a value. It is tried again at the next look.
                _log.error("grants in brief could not be made: %s", type(fault).__name__)
            self._looked.set()
            await asyncio.sleep(self.pause)


def in_brief(in_force: Iterable[Record], room: int) -> Told:
    """Those requests in force that have room as grants in brief: first what hides, to which departments have agreed,
    then the oldest. One that makes no grant is none here."""
    listed: dict[bytes, dict[str, Any]] = {}
    left_out: list[str] = []
    for request in sorted(in_force, key=_rank):
        brief = _brief(request)
        if brief is None or (written := orjson.dumps(brief)) in listed:
            continue
        room -= len(written) + 1
        if room < 0:
            left_out.append(str(request[REQUESTS.id_item]))
        else:
            listed[written] = brief
    return Told(tuple(listed.values()), tuple(left_out))


def _rank(request: Record) -> tuple[bool, str, str]:
    hides = bool(_HIDING & granted_terms(request).keys())
    return not hides, str(request["delivered_at"]), str(request[REQUESTS.id_item])


def _brief(request: Record) -> dict[str, Any] | None:
    terms = granted_terms(request)
    try:
        brief = {
            "id": request["grant_id"],
            "member": request["requester"],
            **in_force_for(request),
            **{name: terms[name] for name in _TOLD & terms.keys()},
        }
        elsewhere.read_one(brief)
    except (DocumentRefused, OverflowError, TypeError, ValueError):
        return None
    return brief
