"""What /metrics tells of an office: how many legal clocks are overdue, due by the next working day, or wait for a
calendar, counted at each look of `office`; and how many grants its documents leave out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, Metric

from services.departments.data_office.deadlines import Deadlines, Stands
from services.departments.data_office.matters import CORRECTIONS, ENTRIES, REQUESTS

if TYPE_CHECKING:
    from fastapi import FastAPI

DEADLINES, LEFT_OUT = "langqiao_office_deadlines", "langqiao_office_grants_left_out"
#: Each metric's labels and meaning; deploy/README.md lists them in the same words.
METRICS = {
    DEADLINES: (
        ("matter", "stands"),
        "Legal clocks of the data office that are overdue, due by the next working day, or wait for a calendar.",
    ),
    LEFT_OUT: (
        ("provider", "reason"),
        "Grants that the data office could not list in a department's document; absent where there is none.",
    ),
}
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
    office = app.state.office
    left_out = {
        (provider, one.reason): one.count
        for provider, listed in office.granting.left_out.items()
        for one in listed
    }
    for name, counts in ((DEADLINES, office.alarms.counts), (LEFT_OUT, left_out)):
        labels, meaning = METRICS[name]
        family = GaugeMetricFamily(name, meaning, labels=labels)
        for values, count in sorted(counts.items()):
            family.add_metric(values, count)
        yield family
