"""How many legal clocks are overdue, due by the next working day, or wait for a calendar, as /metrics tells it; counted
at each look of `office`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, Metric

from services.departments.data_office.deadlines import Deadlines, Stands
from services.departments.data_office.matters import CORRECTIONS, ENTRIES, REQUESTS

if TYPE_CHECKING:
    from fastapi import FastAPI

METRIC = "langqiao_office_deadlines"
LABELS = ("matter", "stands")
MEANING = (
    "Legal clocks of the data office that are overdue, due by the next working day, or wait for a calendar."
)
_NAMES = {REQUESTS.records: "requests", CORRECTIONS.records: "corrections", ENTRIES.records: "entries"}


@dataclass(slots=True)
class Alarms:
    """The counts of the last look; empty before the first."""

    deadlines: Deadlines
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    async def look(self) -> None:
        """Count anew."""
        found = Counter(
            (_NAMES[one.matter.records], one.stands.value) for one in await self.deadlines.within(1)
        )
        self.counts = {
            (name, one.value): found[name, one.value] for name in _NAMES.values() for one in Stands
        }


def metrics(app: "FastAPI") -> Iterator[Metric]:
    """The office's own part of /metrics."""
    family = GaugeMetricFamily(METRIC, MEANING, labels=LABELS)
    for labels, count in sorted(app.state.office.alarms.counts.items()):
        family.add_metric(labels, count)
    yield family
