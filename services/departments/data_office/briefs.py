"""All grants of the office in brief, as every department is told them beside its own: what its node needs to know a
purpose's name, and that it hides; asked by `granting`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from schemas.trust import elsewhere, signed
from schemas.trust.signed import DocumentRefused
from services.departments.data_office.agreed import Agreed
from services.departments.data_office.granted import in_force_for
from services.departments.data_office.matters import REQUESTS, Record, granted_terms
from services.departments.data_office.request_desk import RequestDesk

#: Most bytes of them in one document: signed, they and the grants are less than what a node takes.
ROOM = signed.LONGEST // 8
#: What of a grant's terms others are told.
_TOLD = frozenset({"untold", "told_after_days"})
#: How long they are told without a look at the records, into which another process of the office may have written: a
#: department refuses what it does not know yet, and so does no harm by it.
_UNSEEN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Told:
    """The briefs, and the numbers of the requests of which there was no room for one."""

    listed: tuple[dict[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class Briefs:
    """`room` is how many bytes of them a document holds."""

    requests: RequestDesk
    agreed: Agreed
    room: int = ROOM
    _last: tuple[int, datetime, Told] | None = field(default=None)

    async def told(self, now: datetime) -> Told:
        """Those of now: the same object for as long as nothing has changed."""
        kept, last = self.requests.desk.kept, self._last
        if last is not None and last[0] == kept and now < last[1] + _UNSEEN:
            return last[2]
        in_force = await self.requests.in_force()
        found = in_brief(in_force, await self.agreed.of(in_force), self.room)
        if last is not None and last[2] == found:
            found = last[2]
        self._last = (kept, now, found)
        return found


def in_brief(in_force: Iterable[Record], agreed: Collection[str], room: int) -> Told:
    """Those requests in force that have room as grants in brief: first what departments agreed to, for what members get
    by themselves is without end; of either first what hides, then the oldest. One that makes no grant is none here."""
    listed: dict[bytes, dict[str, Any]] = {}
    left_out: list[str] = []
    for request in sorted(in_force, key=lambda one: _rank(one, agreed)):
        brief = _brief(request)
        if brief is None or (written := orjson.dumps(brief)) in listed:
            continue
        room -= len(written) + 1
        if room < 0:
            left_out.append(str(request[REQUESTS.id_item]))
        else:
            listed[written] = brief
    return Told(tuple(listed.values()), tuple(left_out))


def _rank(request: Record, agreed: Collection[str]) -> tuple[bool, bool, str, str]:
    hides = bool(_TOLD & granted_terms(request).keys())
    request_id = str(request[REQUESTS.id_item])
    return request_id not in agreed, not hides, str(request["delivered_at"]), request_id


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
