"""What a document of grants lists: each grant made on its own, and as many as a department's node takes; used by
`granting`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

from schemas.law.sharing.limits import ZONE
from schemas.trust import grants, left_out, signed
from schemas.trust.left_out import LeftOut
from schemas.trust.signed import DocumentRefused
from services.departments.data_office.matters import CORRECTIONS, REQUESTS, Record, granted_terms

#: How long a department may go by what it was told last: one that is cut off for longer gives nothing on a grant.
VALID = timedelta(hours=1)
#: Most bytes of grants in one document: signed, it is two thirds of what a node takes.
ROOM = signed.LONGEST // 2
#: Why a grant is not listed: its matter makes none, its id is another one's, or there is no room for it.
_NO_GRANT, _ID_TWICE, _NO_ROOM = "no-grant", "id-twice", "no-room"

#: A grant, and the number of the matter that it is of.
Made = tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class Unlisted:
    """The numbers of the matters whose grants a document does not list, by reason."""

    by_reason: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, matter_id: str) -> None:
        """One more of them."""
        self.by_reason.setdefault(reason, []).append(matter_id)

    @property
    def told(self) -> tuple[LeftOut, ...]:
        """As the document says it."""
        return tuple(left_out.of(reason, ids) for reason, ids in self.by_reason.items())


def of_requests(requests: Iterable[Record], unlisted: Unlisted) -> list[Made]:
    """The grants of requests in force, the oldest first; a request that makes none is put down."""
    oldest = sorted(requests, key=lambda one: (str(one["delivered_at"]), str(one["request_id"])))
    return _made([(str(one[REQUESTS.id_item]), one) for one in oldest], _of_request, unlisted)


def of_corrections(
    corrections: Iterable[Record], office: str, now: datetime, unlisted: Unlisted
) -> list[Made]:
    """What lets the office look at records that are said to be wrong, in the order in which that was said."""
    listed = [(str(one[CORRECTIONS.id_item]), one) for one in corrections]
    return _made(listed, lambda one: _to_look(one, office, now), unlisted)


def fitting(made: Iterable[Made], room: int, unlisted: Unlisted) -> list[Mapping[str, Any]]:
    """The first of them that fit into `room` bytes; those that do not are put down, for a document too long would
    withhold all of them, and with them what was suspended."""
    kept: dict[str, Mapping[str, Any]] = {}
    for matter_id, grant in made:
        room -= len(orjson.dumps(grant)) + 1
        if room < 0:
            unlisted.add(_NO_ROOM, matter_id)
        elif grant["id"] in kept:
            unlisted.add(_ID_TWICE, matter_id)
        else:
            kept[grant["id"]] = grant
    return list(kept.values())


def _made(
    listed: Iterable[tuple[str, Record]], make: Callable[[Record], Mapping[str, Any]], unlisted: Unlisted
) -> list[Made]:
    made: list[Made] = []
    for matter_id, record in listed:
        try:
            grant = make(record)
            grants.check_grant(grant)
        except (DocumentRefused, OverflowError, TypeError, ValueError):
            unlisted.add(_NO_GRANT, matter_id)
        else:
            made.append((matter_id, grant))
    return made


def in_force_for(request: Record) -> dict[str, str]:
    """Between which times a request in force is a grant: until the end of its last day in Asia/Shanghai. TypeError,
    OverflowError."""
    until, delivered = request["until"], request["delivered_at"]
    if not isinstance(until, date) or not isinstance(delivered, datetime):
        raise TypeError("it has no last day, or was not delivered")
    ends = datetime.combine(until + timedelta(days=1), time(), ZONE)
    return {"not_before": delivered.isoformat(), "expires": ends.isoformat()}


def _of_request(request: Record) -> Mapping[str, Any]:
    scope = {"rows": request["rows"]} if request["rows"] else {}
    return {
        "id": request["grant_id"],
        "member": request["requester"],
        "dataset": request["dataset"],
        "items": str(request["items"] or "").split(","),
        "purpose": request["purpose"],
        "provider": request["provider"],
        **in_force_for(request),
        **granted_terms(request),
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
