"""The signed grants that departments take in: for each what is in force now, and which of its majors end; asked by
`routes`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.trust import elsewhere, grants, left_out, retiring, signed
from schemas.trust.keys import KeyPair
from schemas.trust.left_out import LeftOut
from schemas.trust.retiring import Retirement
from schemas.wire.problem import Problem
from services.departments.data_office.agreed import Agreed, of_itself
from services.departments.data_office.briefs import Briefs, Told
from services.departments.data_office.correction_desk import CorrectionDesk
from services.departments.data_office.granted import (
    ROOM,
    VALID,
    Unlisted,
    fitting,
    of_corrections,
    of_requests,
)
from services.departments.data_office.matters import REQUESTS, Record
from services.departments.data_office.request_desk import RequestDesk
from services.departments.data_office.retirements import retirements

#: How long one document serves before it is signed anew, though nothing has changed.
_SERVES = timedelta(minutes=10)
#: How long it is told without a look at the records, into which another process of the office may have written.
_UNSEEN = timedelta(seconds=1)
_log = logging.getLogger("langqiao.engine")
_MadeOf = tuple[list[Record], list[Record], list[Record], list[Retirement], Told]


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed document, what it leaves out, and what it was made of: these records, when (security time), by which
    key. `kept` and `seen` are the count of the office's steps, and the time, at which they were last found the same."""

    number: int
    text: str
    left_out: tuple[LeftOut, ...]
    made_of: _MadeOf
    at: datetime
    key_id: str
    kept: int
    seen: datetime


@dataclass(slots=True)
class Granting:
    """`key` gives the office's of now, which the registry lists with the role `office`. Once another follows it all is
    signed anew, so that nothing which the one before signed is in use when that ends. `room` is how many bytes of
    grants a document holds. Somebody runs `briefs` meanwhile."""

    requests: RequestDesk
    corrections: CorrectionDesk
    key: Callable[[], KeyPair] | None
    room: int = ROOM
    _issued: dict[str, Issued] = field(default_factory=dict)
    briefs: Briefs = field(init=False)
    _agreed: Agreed = field(init=False)

    def __post_init__(self) -> None:
        self._agreed = Agreed(self.requests.desk.books)
        self.briefs = Briefs(self.requests)

    async def document(self, provider: str) -> Issued:
        """The newest for a department; Problem not-ready where there is no key."""
        if self.key is None:
            raise Problem("not-ready", "This office has no key to sign grants with.")
        desk, key = self.requests.desk, self.key()
        now, last = desk.clocks.security(), self._issued.get(provider)
        serves = last is not None and last.key_id == key.key_id and now < last.at + _SERVES
        if last is not None and serves and last.kept == desk.kept and now < last.seen + _UNSEEN:
            return last
        # Counted before the records are read: a step that is taken meanwhile makes the next document.
        kept, made_of = desk.kept, await self._made_of(provider, now)
        if last is not None and serves and last.made_of == made_of:
            self._issued[provider] = replace(last, kept=kept, seen=now)
            return self._issued[provider]
        number = max(grants.number_at(now), last.number + 1 if last is not None else 0)
        unlisted = Unlisted()
        document = self._document(number, made_of, now, unlisted)
        for one in unlisted.told:
            _log.error("grants of %s: left out are %s", provider, one)
        text = signed.sign(document, key)
        issued = Issued(number, text, unlisted.told, made_of, now, key.key_id, kept, now)
        self._issued[provider] = issued
        return issued

    @property
    def left_out(self) -> dict[str, tuple[LeftOut, ...]]:
        """What the newest document of each department that asks leaves out, where it does."""
        return {provider: one.left_out for provider, one in self._issued.items() if one.left_out}

    async def _made_of(self, provider: str, now: datetime) -> _MadeOf:
        """The requests in force at a department, those that it agreed to and those that came of themselves, the
        correction requests that are open there, its majors that end, and all grants in brief."""
        # First, for the first call waits for them, and what was suspended meanwhile is to be seen.
        briefs = await self.briefs.told()
        in_force = await self.requests.in_force(provider=provider)
        agreed = await self._agreed.of(in_force)
        wrong = await self.corrections.open_at(provider)
        ending = await retirements(self.requests.desk.books, provider)
        over = {(one.dataset, one.major) for one in ending if one.over}
        others = (one for one in in_force if one[REQUESTS.id_item] not in agreed)
        by_itself = (of_itself(one, self.requests.contracts, over) for one in others)
        return (
            [one for one in in_force if one[REQUESTS.id_item] in agreed],
            [one for one in by_itself if one is not None],
            wrong,
            ending,
            briefs,
        )

    def _document(self, number: int, made_of: _MadeOf, now: datetime, unlisted: Unlisted) -> dict[str, Any]:
        """What a member gets by itself comes last, the newest at the end, where the room ends first."""
        agreed, by_itself, wrong, ending, briefs = made_of
        made = [
            *of_requests(agreed, unlisted),
            *of_corrections(wrong, self.requests.office, now, unlisted),
            *of_requests(by_itself, unlisted),
        ]
        for request_id in briefs.left_out:
            unlisted.add(elsewhere.NO_ROOM, request_id)
        document = {
            "number": number,
            "issued": now.isoformat(),
            "expires": (now + VALID).isoformat(),
            "grants": fitting(made, self.room, unlisted),
            elsewhere.MEMBER: list(briefs.listed),
            retiring.MEMBER: [one.facts for one in ending],
            left_out.MEMBER: [one.facts for one in unlisted.told],
        }
        grants.check_document(document)
        return document
