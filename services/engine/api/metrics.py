"""What `GET /metrics` tells, in Prometheus' text form: one table of gauges, none of which names a record or a value;
called by `control`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import monotonic

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from services.engine.api.standing import Stands
from services.engine.capture.status import CaptureStatus
from services.engine.log.standing import LogStands

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

#: A dataset (empty: the whole node's), and the value.
Sample = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: its name, what it says in a sentence, and its samples. `by_dataset` gives it the label `dataset`."""

    name: str
    meaning: str
    samples: Callable[[Stands], Iterable[Sample]]
    by_dataset: bool = False


def exposition(stands: Stands | None, own: Iterable[Metric] = ()) -> bytes:
    """The page, of the last look; a gauge of which nothing is known has no sample. `own` are the department's."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gauges(stands, own))
    return generate_latest(registry)


class _Gauges(Collector):
    def __init__(self, stands: Stands | None, own: Iterable[Metric]) -> None:
        self._stands, self._own = stands, own

    def collect(self) -> Iterator[Metric]:
        for gauge in GAUGES:
            labels = ("dataset",) if gauge.by_dataset else ()
            family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=labels)
            for dataset, value in gauge.samples(self._stands) if self._stands is not None else ():
                family.add_metric((dataset,) if gauge.by_dataset else (), value)
            yield family
        yield from self._own


def _of_node(value: Callable[[CaptureStatus], float | None]) -> Callable[[Stands], Iterator[Sample]]:
    return lambda stands: _known("", value(stands.status) if stands.status is not None else None)


def _by_dataset(value: Callable[[CaptureStatus, str], float | None]) -> Callable[[Stands], Iterator[Sample]]:
    def samples(stands: Stands) -> Iterator[Sample]:
        for dataset in stands.datasets if stands.status is not None else ():
            assert stands.status is not None
            yield from _known(dataset, value(stands.status, dataset))

    return samples


def _known(dataset: str, value: float | None) -> Iterator[Sample]:
    if value is not None:
        yield dataset, value


def _age(stands: Stands) -> Iterator[Sample]:
    yield "", monotonic() - stands.at


def _readable(stands: Stands) -> Iterator[Sample]:
    yield "", float(stands.status is not None)


def _stale(stands: Stands) -> Iterator[Sample]:
    return ((dataset, float(dataset in stands.stale)) for dataset in stands.datasets)


def _differing(status: CaptureStatus, dataset: str) -> float | None:
    return status.reconciled[dataset].differing if dataset in status.reconciled else None


def _reconciled_age(status: CaptureStatus, dataset: str) -> float | None:
    return status.reconciled[dataset].age_seconds if dataset in status.reconciled else None


def _log(value: Callable[[LogStands], float | None]) -> Callable[[Stands], Iterator[Sample]]:
    return lambda stands: _known("", value(stands.log))


#: Every metric; deploy/README.md lists them in the same words.
GAUGES: tuple[Gauge, ...] = (
    Gauge("langqiao_look_age_seconds", "Time since the service last looked, which all below is of.", _age),
    Gauge("langqiao_outbox_readable", "1 when the engine's own tables could be read, else 0.", _readable),
    Gauge(
        "langqiao_outbox_unsent",
        "Changes that are on their way; counting stops at 10,000.",
        _of_node(lambda status: status.unsent),
    ),
    Gauge(
        "langqiao_outbox_oldest_unsent_seconds",
        "Age of the oldest change that is on its way; 0 when none is.",
        _of_node(lambda status: status.oldest_unsent_seconds),
    ),
    Gauge(
        "langqiao_outbox_parked",
        "Changes that cannot be published: see `langqiao outbox parked`; counting stops at 10,000.",
        _of_node(lambda status: status.parked),
    ),
    Gauge(
        "langqiao_outbox_settling",
        "Deletes that wait for their record to come again; counting stops at 10,000.",
        _of_node(lambda status: status.settling),
    ),
    Gauge(
        "langqiao_outbox_held",
        "Deletes that wait for a person: see `langqiao outbox held`; counting stops at 10,000.",
        _of_node(lambda status: status.held),
    ),
    Gauge(
        "langqiao_records_marked",
        "Records that are to be read again; counting stops at 10,000.",
        _of_node(lambda status: status.dirty),
    ),
    Gauge(
        "langqiao_records_oldest_mark_seconds",
        "Age of the oldest mark of a record that is to be read again, among 10,000; 0 when there is none.",
        _of_node(lambda status: status.oldest_mark_seconds),
    ),
    Gauge(
        "langqiao_relay_word_age_seconds",
        "Time since the relay last spoke; absent when none ever did.",
        _of_node(lambda status: status.relay.age_seconds if status.relay else None),
    ),
    Gauge(
        "langqiao_relay_in_trouble",
        "1 when the relay says that it cannot publish, else 0; absent when none ever spoke.",
        _of_node(lambda status: float(bool(status.relay.trouble)) if status.relay else None),
    ),
    Gauge(
        "langqiao_epoch",
        "The epoch that runs: it rises when the database went back, and when another one takes over.",
        _of_node(lambda status: status.epoch),
    ),
    Gauge(
        "langqiao_log_entries",
        "Entries of the access log that are on the disk.",
        _log(lambda log: log.entries),
    ),
    Gauge(
        "langqiao_log_writable",
        "1 when the access log takes entries, else 0, and nothing is disclosed.",
        _log(lambda log: float(log.trouble is None)),
    ),
    Gauge(
        "langqiao_log_unwitnessed_seconds",
        "Age of the oldest checkpoint of the access log that two witnesses do not hold; absent when none is asked.",
        _log(lambda log: log.waiting_seconds),
    ),
    Gauge(
        "langqiao_log_contradictions",
        "Witnesses that hold another past of this log, and nodes that contradicted what they had signed.",
        _log(lambda log: len(log.contradicted) + len(log.alarms)),
    ),
    Gauge(
        "langqiao_grants_left_out",
        "Grants that the data office could not list for this department: /health names them.",
        lambda stands: _known("", stands.left_out),
    ),
    Gauge(
        "langqiao_capture_in_place",
        "1 when all triggers stand on the dataset's table, else 0.",
        _by_dataset(lambda status, dataset: float(dataset not in status.missing)),
        by_dataset=True,
    ),
    Gauge(
        "langqiao_dataset_stale",
        "1 when the department's table no longer fits the dataset, else 0.",
        _stale,
        by_dataset=True,
    ),
    Gauge(
        "langqiao_snapshot_running",
        "1 while the dataset is read anew as a whole, or is to be, else 0.",
        _by_dataset(lambda status, dataset: float(dataset in status.snapshots)),
        by_dataset=True,
    ),
    Gauge(
        "langqiao_reconciliation_differing",
        "Records that differed between table and topics at the last reconciliation; absent before the first.",
        _by_dataset(_differing),
        by_dataset=True,
    ),
    Gauge(
        "langqiao_reconciliation_age_seconds",
        "Time since the dataset's last reconciliation; absent before the first.",
        _by_dataset(_reconciled_age),
        by_dataset=True,
    ),
)
