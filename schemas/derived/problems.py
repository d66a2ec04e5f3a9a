"""The one published table of problems, as Markdown; one of the written documents."""

from collections.abc import Mapping
from itertools import groupby

from schemas.wire.problem import ProblemKind

_HEAD = """\
# Problems

Every refusal is `application/problem+json` (RFC 9457) with one of these codes in `code`, and in `type` as
`urn:langqiao:problem:<code>`. Beside RFC 9457's members it has PostgREST's `message`, `details` and `hint`, so that its
clients show it, and `origin`: whose fault it is. A place in a question is `parameter` and `position`, from 0; `nearest`
is the right name that is most like a wrong one. No problem repeats a value that was sent.
"""


def table(kinds: Mapping[str, ProblemKind]) -> str:
    """The page: one table for each status."""
    pages = [_HEAD]
    by_status = sorted(kinds.values(), key=lambda one: one.status)
    for status, listed in groupby(by_status, key=lambda one: one.status):
        pages += [f"## {status}\n", "| code | meaning | origin | what to do |", "|---|---|---|---|"]
        pages += [f"| `{one.code}` | {one.title} | {one.origin} | {one.remedy} |" for one in listed]
        pages.append("")
    return "\n".join(pages)
