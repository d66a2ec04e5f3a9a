"""The signed grants that departments take in: for each what is in force now, and nothing else; asked by `routes`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from schemas.law.sharing.limits import ZONE
from schemas.trust import grants, signed
from schemas.trust.keys import KeyPair
from schemas.wire.problem import Problem
from services.departments.data_office.correction_desk import CorrectionDesk
from services.departments.data_office.matters import Record
from services.departments.data_office.request_desk import RequestDesk

#: How long a department may go by what it was told last: one that is cut off for longer gives nothing on a grant.
VALID = timedelta(hours=1)
#: How long one document serves before it is signed anew, though nothing has changed.
_SERVES = timedelta(minutes=10)
#: How long it is told without a look at the records, into which another process of the office may have written.
_UNSEEN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed document, and what it was made of: these records, when (security time). `kept` and `seen` are the count
    of the office's steps, and the time, at which they were last found to be the same."""

    number: int
    text: str
    made_of: tuple[list[Record], list[Record]]
    at: datetime
    kept: int
    seen: datetime


@dataclass(slots=True)
class Granting:
    """`key` is the office's, which the registry lists with the role `office`. A document's number is the time in
    milliseconds at which it was made, so that a restart, or a database put back, goes on above it."""

    requests: RequestDesk
    corrections: CorrectionDesk
    key: KeyPair | None
    _issued: dict[str, Issued] = field(default_factory=dict)

    async def document(self, provider: str) -> Issued:
        """The newest for a department; Problem not-ready where there is no key."""
        if self.key is None:
            raise Problem("not-ready", "This office has no key to sign grants with.")
        desk = self.requests.desk
        now, last = desk.clocks.security(), self._issued.get(provider)
        if last is not None and last.kept == desk.kept and now < min(last.seen + _UNSEEN, last.at + _SERVES):
            return last
        # Counted before the records are read: a step that is taken meanwhile makes the next document.
        kept = desk.kept
        in_force = await self.requests.in_force(provider=provider)
        wrong = await self.corrections.open_at(provider)
        made_of = (in_force, wrong)
        if last is not None and last.made_of == made_of and now < last.at + _SERVES:
            self._issued[provider] = replace(last, kept=kept, seen=now)
            return self._issued[provider]
        number = max(int(now.timestamp() * 1_000), last.number + 1 if last is not None else 0)
        document = {
            "number": number,
            "issued": now.isoformat(),
            "expires": (now + VALID).isoformat(),
            "grants": [
                *(_grant(one) for one in in_force),
                *(_to_look(one, self.requests.office, now) for one in wrong),
            ],
        }
        grants.check_document(document)
        self._issued[provider] = Issued(number, signed.sign(document, self.key), made_of, now, kept, now)
        return self._issued[provider]


def _grant(request: Record) -> Mapping[str, Any]:
    """A request in force as a grant: until the end of its last day in Asia/Shanghai."""
    until, delivered = request["until"], request["delivered_at"]
    assert isinstance(until, date)
    assert isinstance(delivered, datetime)
    ends = datetime.combine(until + timedelta(days=1), time(), ZONE)
    scope = {"rows": request["rows"]} if request["rows"] else {}
    return {
        "id": request["grant_id"],
        "member": request["requester"],
        "dataset": request["dataset"],
        "items": str(request["items"]).split(","),
        "purpose": request["purpose"],
        "provider": request["provider"],
        "not_before": delivered.isoformat(),
        "expires": ends.isoformat(),
        **scope,
    }


def _to_look(correction: Record, office: str, now: datetime) -> Mapping[str, Any]:
    """What lets the office see whether an item was corrected, while the correction request is open."""
    return {
        "id": correction["correction_id"],
        "member": office,
        "dataset": correction["dataset"],
        "items": [correction["item"]],
        "purpose": "校核",
        "provider": correction["provider"],
        "not_before": now.isoformat(),
        "expires": (now + VALID).isoformat(),
    }
