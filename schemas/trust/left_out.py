"""The grants that an office could not list in a department's document, by reason: said in the document itself, so that
the department knows; read with `grants`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MEMBER = "left_out"
#: Most ids that are said of one reason.
MOST = 10
#: Whatever else an office writes there is shown to nobody.
_REASON, _ID = re.compile(r"[a-z-]{1,40}", re.ASCII), re.compile(r"[\w.:-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many grants for one reason (a code), with the ids of the first of them."""

    reason: str
    count: int
    ids: tuple[str, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """It as a document says it."""
        return {"reason": self.reason, "count": self.count, "ids": list(self.ids)}

    def __str__(self) -> str:
        further = ", …" if self.count > len(self.ids) else ""
        return f"{self.count} grants ({self.reason}): {', '.join(self.ids)}{further}"


def of(reason: str, ids: Sequence[str]) -> LeftOut:
    """The grants of these ids, for this reason; an id that could not be read again is counted, and not said."""
    return LeftOut(reason, len(ids), tuple(one for one in ids if _ID.fullmatch(one))[:MOST])


def read(document: Mapping[str, Any]) -> tuple[LeftOut, ...]:
    """What a signed document says of them. What does not read, as of an office that says more than this one knows, is
    passed over: the list only reports, and a document refused for it would withhold what was suspended."""
    listed = document.get(MEMBER)
    found = map(_one, listed if isinstance(listed, list) else ())
    return tuple(one for one in found if one is not None)


def _one(said: Any) -> LeftOut | None:
    if not isinstance(said, dict):
        return None
    reason, count, ids = said.get("reason"), said.get("count"), said.get("ids")
    if not isinstance(reason, str) or not _REASON.fullmatch(reason) or type(count) is not int or count < 0:
        return None
    named = (
        [one for one in ids if isinstance(one, str) and _ID.fullmatch(one)] if isinstance(ids, list) else []
    )
    return LeftOut(reason, count, tuple(named[: min(count, MOST)]))
