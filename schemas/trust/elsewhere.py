"""The grants of other departments of an office's area, in brief: said in a department's grants document, so that its
node knows what a purpose names that it gave nothing on, and whether that hides a call from persons; read with `grants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.trust.signed import DocumentRefused, bound_of, moment, text_of, texts_of

MEMBER = "elsewhere"
#: Why a document leaves one of them out: there is no room for it.
NO_ROOM = "no-room-elsewhere"


@dataclass(frozen=True, slots=True)
class Brief:
    """A grant without what it gives: no dataset, items, rows or use. Its members mean what those of a grant do."""

    id: str
    member: str
    not_before: datetime
    expires: datetime
    untold: str | None = None
    told_after_days: int | None = None
    delegates: tuple[str, ...] = ()


#: By id. Departments may have given theirs under one id.
Briefs = Mapping[str, tuple[Brief, ...]]


def read(document: Mapping[str, Any]) -> Briefs | None:
    """What a signed document says of them; None: whoever signed it knows nothing of other departments. Raises
    DocumentRefused."""
    listed = document.get(MEMBER)
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise DocumentRefused("malformed", f"{MEMBER} must be a list of objects")
    briefs: dict[str, list[Brief]] = {}
    for one in map(read_one, listed):
        briefs.setdefault(one.id, []).append(one)
    return {one: tuple(its) for one, its in briefs.items()}


def read_one(said: Mapping[str, Any]) -> Brief:
    """One of them; raises DocumentRefused."""
    return Brief(
        id=text_of(said, "id"),
        member=text_of(said, "member"),
        not_before=moment(said, "not_before"),
        expires=moment(said, "expires"),
        untold=None if said.get("untold") is None else text_of(said, "untold"),
        told_after_days=bound_of(said, "told_after_days"),
        delegates=texts_of(said, "delegates"),
    )
