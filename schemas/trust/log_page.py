"""How an office asks a node for a page of its access log, and what comes back; pure. Used by both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem

#: Where a node shows its log to the office whose grants it honours.
PATH = "/log/entries"
#: Most entries in one page.
MOST = 10_000
#: No log has an entry of a higher number.
_LAST = 2**62
_LONGEST = 1_000
_MEMBERS = frozenset({"dataset", "record", "after", "limit"})


@dataclass(frozen=True, slots=True)
class PageAsk:
    """The entries after the one of number `after`, at most `limit`. The call's grant is for `dataset`; with a `record`
    id it is said, too, by which pseudonyms the log may name whom that record is about, and whether topics know it."""

    dataset: str
    after: int = 0
    limit: int = MOST
    record: str | None = None

    def body(self) -> bytes:
        said: dict[str, Any] = {"dataset": self.dataset, "after": self.after, "limit": self.limit}
        return orjson.dumps(said if self.record is None else said | {"record": self.record})


@dataclass(frozen=True, slots=True)
class Page:
    """`lines` as they stand in the log, without line feeds. Of the record that was asked about: `subjects` are its
    pseudonyms, and `told` says that nothing which has changed of it is still on its way to a topic."""

    subjects: frozenset[str]
    lines: tuple[bytes, ...]
    told: bool = False


def read_ask(members: Mapping[str, Any]) -> PageAsk:
    """The ask in a body; Problem bad-body names the member that does not fit, and no value."""
    if unknown := members.keys() - _MEMBERS:
        raise _bad(f"has {len(unknown)} members that an ask has not")
    dataset, record = members.get("dataset"), members.get("record")
    if not _is_text(dataset) or not (record is None or _is_text(record)):
        raise _bad("dataset, and record where it is said, must be texts")
    after, limit = members.get("after", 0), members.get("limit", MOST)
    if type(after) is not int or not 0 <= after <= _LAST:
        raise _bad("after must be the number of an entry, or 0")
    if type(limit) is not int or not 1 <= limit <= MOST:
        raise _bad(f"limit must be a whole number from 1 to {MOST}")
    return PageAsk(str(dataset), after, limit, record)


def write_page(page: Page) -> bytes:
    """A page as a body: what was asked beside the lines, then each line."""
    first = orjson.dumps({"subjects": sorted(page.subjects), "told": page.told})
    return b"".join(b"%b\n" % one for one in (first, *page.lines))


def read_page(body: bytes) -> Page:
    """The page in a body; DocumentRefused. Whether its lines are a log's is for `schemas.trust.chain` to say."""
    first, *lines = body.split(b"\n")
    try:
        said = orjson.loads(first)
        # A node of before does not say whether it is told.
        subjects, told = said["subjects"], said.get("told", False)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise DocumentRefused("malformed", "it is no page of a log") from None
    fits = isinstance(subjects, list) and all(map(_is_text, subjects)) and isinstance(told, bool)
    if not fits or lines[-1:] != [b""]:
        raise DocumentRefused("malformed", "it is no page of a log")
    return Page(frozenset(subjects), tuple(lines[:-1]), told)


def _is_text(said: object) -> bool:
    return isinstance(said, str) and 0 < len(said) <= _LONGEST


def _bad(what: str) -> Problem:
    return Problem("bad-body", f"The body asks for no page of the log: {what}.")
