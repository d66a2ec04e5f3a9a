"""Every fault that a call can meet, as the problem that the caller is told; used by both planes."""

import logging
import traceback
from typing import Any

from schemas.wire.problem import MEDIA_TYPE, Problem
from services.engine.api.call import Reply
from services.engine.log.files import LogUnavailable
from services.engine.source.port import (
    DatasetStale,
    KeyReused,
    NoSuchRecord,
    NotAttached,
    RecordExists,
    SourceAway,
    SourceError,
    StaleVersion,
    StatementTooLong,
    WriteRefused,
)

_RETRY_SECONDS = "2"
_SOURCE: dict[type[SourceError], tuple[str, str]] = {
    SourceAway: ("database-away", "The department's database does not answer."),
    DatasetStale: ("dataset-stale", "The department's table no longer fits the dataset."),
    NotAttached: ("not-ready", "Capture is not in place: until it is, records have no ids and no versions."),
    StatementTooLong: ("too-costly", "The question ran longer than one statement may."),
    RecordExists: ("record-exists", "A record with this key exists."),
    KeyReused: ("key-reused", "This Idempotency-Key was used for another body."),
    NoSuchRecord: ("unknown-record", "The dataset holds no record with this id."),
    StaleVersion: ("stale-version", "The record has changed since the version in If-Match."),
    WriteRefused: ("contract-violated", "The department's own table refuses the record."),
}
_UNSPELT = "the department's table has no way to keep this value"
_log = logging.getLogger("langqiao.engine")


def problem_of(fault: Exception, question: str, estimate: int = 0) -> Problem:
    """The problem to answer with. What nobody foresaw is logged by type and place, never by its text,
    for a driver's message can hold the values of a record."""
    if isinstance(fault, Problem):
        return fault
    if isinstance(fault, TimeoutError):
        return Problem("deadline-passed", "The answer was not ready in the time given.")
    if isinstance(fault, LogUnavailable):
        told = "Nothing is disclosed while the access log takes no entry."
        return Problem("log-unavailable", told, headers={"Retry-After": _RETRY_SECONDS})
    if isinstance(fault, SourceError) and type(fault) in _SOURCE:
        code, detail = _SOURCE[type(fault)]
        members: dict[str, Any] = {"estimate": estimate} if code == "too-costly" else {}
        if isinstance(fault, WriteRefused):
            members["items"] = [{"item": item, "reason": _UNSPELT} for item in fault.items]
        if isinstance(fault, DatasetStale):
            members["items"] = [{"item": item, "reason": reason} for item, reason in fault.items.items()]
        headers = {"Retry-After": _RETRY_SECONDS} if code == "database-away" else {}
        return Problem(code, detail, members=members, headers=headers)
    place = traceback.extract_tb(fault.__traceback__)[-1] if fault.__traceback__ else None
    where = f"{place.filename}:{place.lineno}" if place else "unknown"
    _log.error("unforeseen %s at %s question=%s", type(fault).__name__, where, question)
    return Problem("internal", "The service failed at this call.", members={"question": question})


def refusal(problem: Problem) -> Reply:
    """A problem as a reply."""
    return Reply(problem.status, problem.body(), MEDIA_TYPE, dict(problem.headers))
