"""What a document of grants lists: each grant made on its own, and as many as a department's node takes; used by
`granting`."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

from schemas.law.sharing.limits import ZONE
from schemas.trust import grants, signed
from schemas.trust.signed import DocumentRefused
from services.departments.data_office.matters import CORRECTIONS, REQUESTS, Record, granted_terms

#: How long a department may go by what it was told last: one that is cut off for longer gives nothing on a grant.
VALID = timedelta(hours=1)
#: Most bytes of grants in one document: signed, it is two thirds of what a node takes.
ROOM = signed.LONGEST // 2
#: Most numbers of matters that one line of the log tells.
_MOST_TOLD = 10
_log = logging.getLogger("langqiao.engine")

#: A grant, and the number of the matter that it is of.
Made = tuple[str, Mapping[str, Any]]


def of_requests(requests: Iterable[Record]) -> list[Made]:
    """The grants of requests in force, the oldest first. One that is none is left out, and told of by its number."""
    oldest = sorted(requests, key=lambda one: (str(one["delivered_at"]), str(one["request_id"])))
    return _made([(str(one[REQUESTS.id_item]), one) for one in oldest], _of_request)


def of_corrections(corrections: Iterable[Record], office: str, now: datetime) -> list[Made]:
    """What lets the office look at records that are said to be wrong, in the order in which that was said."""
    listed = [(str(one[CORRECTIONS.id_item]), one) for one in corrections]
    return _made(listed, lambda one: _to_look(one, office, now))


def fitting(made: Iterable[Made], provider: str, room: int) -> list[Mapping[str, Any]]:
    """The first of them that fit into `room` bytes; how many do not is told, for a document too long would withhold
    all of them, and with them what was suspended."""
    kept, left, ids = [], [], set()
    for matter_id, grant in made:
        room -= len(orjson.dumps(grant)) + 1
        if room < 0:
            left.append(matter_id)
        elif grant["id"] not in ids:
            ids.add(grant["id"])
            kept.append(grant)
    if left:
        _log.error("grants of %s: there is no room for %d, from %s on", provider, len(left), left[0])
    return kept


def _made(listed: Iterable[tuple[str, Record]], make: Callable[[Record], Mapping[str, Any]]) -> list[Made]:
    bad: list[str] = []
    made = list(_each(listed, make, bad))
    if bad:
        told = ", ".join(bad[:_MOST_TOLD])
        _log.error("%d matters make no grant, and are left out: %s", len(bad), told)
    return made


def _each(
    listed: Iterable[tuple[str, Record]], make: Callable[[Record], Mapping[str, Any]], bad: list[str]
) -> Iterator[Made]:
    for matter_id, record in listed:
        try:
            grant = make(record)
            grants.check_grant(grant)
        except (DocumentRefused, OverflowError, TypeError, ValueError):
            bad.append(matter_id)
        else:
            yield matter_id, grant


def _of_request(request: Record) -> Mapping[str, Any]:
    """A request in force as a grant: until the end of its last day in Asia/Shanghai."""
    until, delivered = request["until"], request["delivered_at"]
    if not isinstance(until, date) or not isinstance(delivered, datetime):
        raise TypeError("it has no last day, or was not delivered")
    ends = datetime.combine(until + timedelta(days=1), time(), ZONE)
    scope = {"rows": request["rows"]} if request["rows"] else {}
    return {
        "id": request["grant_id"],
        "member": request["requester"],
        "dataset": request["dataset"],
        "items": str(request["items"] or "").split(","),
        "purpose": request["purpose"],
        "provider": request["provider"],
        "not_before": delivered.isoformat(),
        "expires": ends.isoformat(),
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
