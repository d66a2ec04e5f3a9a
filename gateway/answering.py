"""The answer's form: array, object, envelope or plan, or the problem that stands in its place; used by every read."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson

from gateway.call import Call, Reply
from gateway.question import Question
from gateway.run import Found
from gateway.sources import Missing, Sources
from schemas.wire import headers as names
from schemas.wire.answer import Answer, Source, SourceState
from schemas.wire.preference import content_range
from schemas.wire.problem import Problem

_RETRY_SECONDS = "2"


def answer(question: Question, major: int, first: int, found: Found, sources: Sources) -> Reply:
    """The reply to a question whose sources may be missing; Problem when that is not allowed."""
    complete = found.decided and sources.complete
    total = found.total if complete else None
    headers = {
        names.CONTRACT_VERSION: str(major),
        "Content-Range": content_range(first, len(found.rows), total),
    }
    if applied := question.prefer.applied():
        headers["Preference-Applied"] = applied
    if question.form == names.ANSWER:
        return Reply(200, _envelope(found, complete, total, sources), names.ANSWER, headers)
    if not complete:
        require(question, sources)
        headers[names.MISSING] = ", ".join(_shown(one) for one, _ in sources.missing())
    if question.form == names.OBJECT:
        return Reply(200, _only(found.rows), names.OBJECT, headers)
    short = total is not None and len(found.rows) < total
    body = found.body if found.body is not None else orjson.dumps(found.rows)
    return Reply(206 if short else 200, body, names.JSON, headers)


def require(question: Question, sources: Sources) -> None:
    """Problem unless a plain answer may lack what is missing; without any of the root's nodes it says nothing."""
    roots = [one for one in sources.listed() if not one.path]
    nothing = all(one.code is not None for one in roots)
    if not question.prefer.partial or nothing:
        raise missing_problem(sources.missing())


def missing_problem(missing: Sequence[tuple[Source, Missing]]) -> Problem:
    """Why there is no answer: a node's own refusal, or else the sources that are missing."""
    for _, fault in missing:
        if fault.problem is not None:
            return fault.problem
    listed = [one.model_dump(include={"node", "dataset", "path", "state", "code"}) for one, _ in missing]
    said = ", ".join(dict.fromkeys(f"{one.node} ({one.state})" for one, _ in missing))
    if all(one.state is SourceState.FAULTY for one, _ in missing):
        return Problem("source-faulty", f"An answer cannot be used: {said}.", members={"sources": listed})
    return Problem(
        "source-missing",
        f"The answer lacks {said}.",
        members={"sources": listed},
        headers={"Retry-After": _RETRY_SECONDS},
    )


def with_cursor(call: Call, reply: Reply, sealed: str, link: str) -> None:
    """Say where the next page begins; in a header of its own, and for GET as an address."""
    reply.headers[names.NEXT] = sealed
    if call.method != "POST":
        reply.headers["Link"] = link


def _envelope(found: Found, complete: bool, total: int | None, sources: Sources) -> bytes:
    form = Answer(data=None, complete=complete, total=total, sources=sources.listed())
    members: dict[str, Any] = form.model_dump(mode="json", exclude={"data"}, exclude_none=True)
    data: Any = found.rows if found.body is None else orjson.Fragment(found.body)
    return orjson.dumps({"data": data, **members})


def _only(rows: Sequence[Any]) -> bytes:
    if len(rows) != 1:
        # The words are PostgREST's: its clients read them.
        said = "0 rows" if not rows else "more than one row"
        raise Problem(
            "not-one-record",
            "Cannot coerce the result to a single JSON object.",
            members={"details": f"The result contains {said}"},
        )
    return orjson.dumps(rows[0])


def _shown(one: Source) -> str:
    # A path holds the caller's own aliases, in which any character may stand.
    return f"{one.node}/{quote(one.path or one.dataset)}={one.state}"
