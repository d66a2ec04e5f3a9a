"""Every fault that a call can meet, as the problem that the caller is told; used by both planes."""

import logging
import traceback

from gateway.call import Reply
from schemas.wire.problem import MEDIA_TYPE, Problem

_log = logging.getLogger("langqiao.gateway")


def problem_of(fault: Exception, question: str) -> Problem:
    """The problem to answer with. What nobody foresaw is logged by type and place, never by its text,
    for a text can hold the values of a record."""
    if isinstance(fault, Problem):
        return fault
    if isinstance(fault, TimeoutError):
        return Problem("deadline-passed", "The answer was not ready in the time given.")
    place = traceback.extract_tb(fault.__traceback__)[-1] if fault.__traceback__ else None
    where = f"{place.filename}:{place.lineno}" if place else "unknown"
    _log.error("unforeseen %s at %s question=%s", type(fault).__name__, where, question)
    return Problem("internal", "The gateway failed at this call.", members={"question": question})


def refusal(problem: Problem) -> Reply:
    """A problem as a reply."""
    return Reply(problem.status, problem.body(), MEDIA_TYPE, dict(problem.headers))
