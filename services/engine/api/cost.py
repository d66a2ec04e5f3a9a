"""What a question would cost, judged before it runs; the statement budget judges again while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.query.bound import BoundQuery
from schemas.query.estimate import estimated_rows, told
from schemas.wire.problem import Problem
from services.engine.settings import Settings
from services.engine.source.port import DatasetStale, RecordSource


@dataclass(frozen=True, slots=True)
class Counted:
    """Roughly how many records a dataset had, and when."""

    records: int
    at: datetime


@dataclass(slots=True)
class Cost:
    """The cost limit of one node, with record counts remembered for a few seconds."""

    source: RecordSource
    settings: Settings
    clock: Callable[[], datetime]
    _counts: dict[str, Counted] = field(default_factory=dict)

    async def count(self, dataset: str) -> Counted:
        """The dataset's count, as fresh as estimates need it."""
        now = self.clock()
        known = self._counts.get(dataset)
        if known is None or now - known.at > timedelta(seconds=self.settings.estimate_seconds):
            known = self._counts[dataset] = Counted(await self.source.estimate(dataset), now)
        return known

    async def known(self, dataset: str) -> Counted:
        """The dataset's count; while its table no longer fits, the last that was known."""
        try:
            return await self.count(dataset)
        except DatasetStale:
            return self._counts.get(dataset, Counted(0, self.clock()))

    async def check(self, query: BoundQuery, *, counted: bool = False) -> int:
        """About how many records the question may touch, as may be told: all that meet it when they are sorted or
        counted, else those skipped and those shown. Problem too-costly when they are over the limit."""
        met = estimated_rows(query, (await self.count(query.contract.dataset)).records)
        if not counted and not query.order:
            met = min(met, query.offset + min(query.limit or self.settings.max_rows, self.settings.max_rows))
        estimate = told(met, (query.contract,))
        self.allow(met, estimate)
        return estimate

    def allow(self, records: int, estimate: int) -> None:
        """Problem too-costly when so many records are over the limit; `estimate` is what is told of their number."""
        limit = self.settings.cost_limit
        if records > limit:
            raise Problem(
                "too-costly",
                f"The question may touch about {estimate} records; {limit} are allowed.",
                members={"estimate": estimate, "limit": limit},
            )
