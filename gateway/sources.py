"""What each node contributed to one answer, by embed path; written by `asking`, shown by `answering`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.area import Offer
from gateway.plan import Level
from schemas.wire.answer import MISSING, Source, SourceState
from schemas.wire.problem import Problem


class Missing(Exception):
    """A node's records cannot be had; `state` and `code` say why, `problem` is what the node itself said."""

    def __init__(self, state: SourceState, code: str, problem: Problem | None = None) -> None:
        self.state = state
        self.code = code
        self.problem = problem
        super().__init__(code)


@dataclass(slots=True)
class _Entry:
    """One node's part at one path, while it grows."""

    offer: Offer
    path: str
    calls: int = 0
    rows: int = 0
    seconds: float = 0.0
    read_at: datetime | None = None
    receipts: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    missing: Missing | None = None


@dataclass(slots=True)
class Sources:
    """All parts of one answer."""

    clock: Callable[[], datetime]
    _entries: dict[tuple[str, str], _Entry] = field(default_factory=dict)

    def asking(self, level: Level, offer: Offer) -> None:
        """A call begins; what it reads is no older than this."""
        entry = self._entry(level, offer)
        entry.calls += 1
        entry.read_at = entry.read_at or self.clock()

    def answered(self, level: Level, offer: Offer, rows: int, seconds: float) -> None:
        entry = self._entry(level, offer)
        entry.rows += rows
        entry.seconds += seconds

    def vouched(self, level: Level, offer: Offer, receipt: str | None) -> None:
        """The node's signed word that its answer stands in its access log, which is the caller's to keep."""
        if receipt is not None:
            self._entry(level, offer).receipts.append(receipt)

    def proved(self, level: Level, offer: Offer, parts: Sequence[dict[str, Any]]) -> None:
        """What was signed there, to the byte, for a caller who asks for evidence."""
        self._entry(level, offer).evidence.extend(parts)

    def missed(self, level: Level, offer: Offer, fault: Missing, seconds: float = 0.0) -> bool:
        """Whether this is the source's first reason, which stays: what follows is often only its echo."""
        entry = self._entry(level, offer)
        first = entry.missing is None
        entry.missing = entry.missing or fault
        entry.seconds += seconds
        return first

    def known(self, level: Level) -> None:
        """Name a level's nodes even when none of them need be asked."""
        for offer in level.offers:
            self._entry(level, offer)

    @property
    def complete(self) -> bool:
        return not any(one.missing for one in self._entries.values())

    def missing(self) -> list[tuple[Source, Missing]]:
        """The sources that are missing, with the reason of each, in the order of the question."""
        return [(_source(one), one.missing) for one in self._entries.values() if one.missing is not None]

    def listed(self) -> tuple[Source, ...]:
        """Every source's part."""
        return tuple(map(_source, self._entries.values()))

    def document(self) -> list[dict[str, Any]]:
        """The same as JSON."""
        return [one.model_dump(mode="json", exclude_none=True) for one in self.listed()]

    def _entry(self, level: Level, offer: Offer) -> _Entry:
        key = (level.path, offer.node)
        if key not in self._entries:
            self._entries[key] = _Entry(offer, level.path)
        return self._entries[key]


def _source(one: _Entry) -> Source:
    answered = SourceState.FOUND if one.rows else SourceState.NOT_FOUND
    state = answered if one.missing is None else one.missing.state
    return Source(
        node=one.offer.node,
        dataset=one.offer.dataset,
        path=one.path,
        state=state,
        calls=one.calls,
        rows=one.rows,
        milliseconds=round(one.seconds * 1_000, 2),
        read_at=_rfc3339(one.read_at) if one.read_at is not None and state not in MISSING else None,
        code=one.missing.code if one.missing is not None else None,
        receipts=tuple(one.receipts) or None,
        evidence=tuple(one.evidence) or None,
    )


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
