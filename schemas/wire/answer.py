"""The envelope form of an answer: data with what each source contributed, so that silence is never an answer."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class SourceState(StrEnum):
    """What came of asking one source."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    STALE = "stale"
    DOWN = "down"
    SLOW = "slow"
    FAULTY = "faulty"


#: States in which the source's records are missing from the answer.
MISSING = frozenset(
    {SourceState.FORBIDDEN, SourceState.STALE, SourceState.DOWN, SourceState.SLOW, SourceState.FAULTY}
)


class Source(BaseModel):
    """One node's part in an answer. `path` is the embed path (empty at the root); `read_at` is RFC 3339 UTC;
    `receipts` are its signed words that what it answered stands in its access log, one for each call; `evidence`, where
    the caller asked for it, are its calls as it signed them, to the byte: see `schemas.trust.evidence`."""

    model_config = ConfigDict(frozen=True)

    node: str
    dataset: str
    path: str
    state: SourceState
    calls: int
    rows: int
    milliseconds: float
    read_at: str | None = None
    code: str | None = None
    receipts: tuple[str, ...] | None = None
    evidence: tuple[dict[str, Any], ...] | None = None


class Answer(BaseModel):
    """`application/vnd.langqiao.answer+json`; `total` is given only with count=exact on a complete answer."""

    model_config = ConfigDict(frozen=True)

    data: Any
    complete: bool
    total: int | None = None
    sources: tuple[Source, ...]
