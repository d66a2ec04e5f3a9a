"""Whether a record is about the person whom a citizen-services system identified: how a data office asks the department
that keeps the record, and what comes back; pure. Used by both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.trust.about import may_stand
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem

#: Where a node says it to the office whose grants it honours.
PATH = "/log/about-record"
_LONGEST = 1_000
_MEMBERS = frozenset({"dataset", "record", "vouched", "mandates"})


@dataclass(frozen=True, slots=True, repr=False)
class RecordAsk:
    """Of a record, by its id: `vouched` and `mandates` are signed texts, as in an ask what was asked about a person."""

    dataset: str
    record: str
    vouched: str
    mandates: tuple[str, ...] = ()

    def body(self) -> bytes:
        return orjson.dumps(
            {
                "dataset": self.dataset,
                "record": self.record,
                "vouched": self.vouched,
                "mandates": list(self.mandates),
            }
        )


def read_ask(members: Mapping[str, Any]) -> RecordAsk:
    """The ask in a body; Problem bad-body names the member that does not fit, and no value."""
    if unknown := members.keys() - _MEMBERS:
        raise _bad(f"it has {len(unknown)} members that none has")
    dataset, record = members.get("dataset"), members.get("record")
    if not _is_text(dataset) or not _is_text(record):
        raise _bad("dataset and record must be texts")
    mandates = members.get("mandates", [])
    if not isinstance(mandates, list) or not may_stand([members.get("vouched"), *mandates]):
        raise _bad("vouched must be a signed text, and mandates a list of such")
    return RecordAsk(str(dataset), str(record), members["vouched"], tuple(mandates))


def write_answer(*, about: bool) -> bytes:
    """Whether the record is about that person; one that is not there is about nobody."""
    return orjson.dumps({"about": about})


def read_answer(body: bytes) -> bool:
    """What was answered; DocumentRefused."""
    try:
        about = orjson.loads(body)["about"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise DocumentRefused("malformed", "it does not say whom a record is about") from None
    if not isinstance(about, bool):
        raise DocumentRefused("malformed", "it does not say whom a record is about")
    return about


def _is_text(said: object) -> bool:
    return isinstance(said, str) and 0 < len(said) <= _LONGEST


def _bad(what: str) -> Problem:
    return Problem("bad-body", f"The body does not ask whom a record is about: {what}.")
