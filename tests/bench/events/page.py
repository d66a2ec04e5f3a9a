"""The events' section of the page of results; written by `make bench`."""

from tests.bench.events import budgets, where
from tests.bench.events.measures import DIFFERENT, Reload
from tests.bench.events.run import Measured
from tests.bench.events.sides import Debezium, Langqiao
from tests.bench.page import table

_EXPLAINED = """\
PostgreSQL 18 (fsync on, wal_level logical) and Apache Kafka on loopback in plain text, one machine for all, one side
after the other. A change of Langqiao's becomes three events (public, shared, granted) on Kafka, and is timed where a
subscriber of the public topic has it. Debezium's engine hands its change to a Python function in its own process (poll
interval 10 ms, pgoutput, no broker between), and is timed there: one event, and a way that is a broker shorter. CPU is
that of the relay, or of the engine with its Python, in seconds for 1,000 changes; PostgreSQL's part is in neither.
The first table holds what is to be reached beside what this run gave; the others say how it came to that.
"""
_ON_THE_WAY = """\
Where the time of a change goes at Langqiao, as means of the tenth of all changes around p50, and of the hundredth
around p99. The moments are those of its writer, of the relay's rounds and of the subscriber, by one clock.
"""
_STAGES = """\
Where the time of Langqiao's relay goes. The stages are those of the one task that sends, one after the other, so that
they make all of its time; in them it also waits for its turn on the process's one event loop. CPU is that task's own in
each stage; below, what the tasks beside it, the drivers, and the servers used meanwhile.
"""
_STEPS = """\
Where the time of capture goes: the same inserts, by 8 writers and by statements of 500, on a table filled anew each
time, under triggers that do more from line to line. Medians of {rounds} rounds; a row's µs are those of the writer who
waits, and the database's log is what it must bring to the disk.
"""


def lines(measured: Measured) -> list[str]:
    """The text of the section on events."""
    steady = next(one for one in measured.delays if one.side == Langqiao.name)
    drained = next(one for one in measured.drained if one.side == Langqiao.name)
    parts = (
        _EXPLAINED.splitlines(),
        table(budgets.HEAD, [*budgets.rows(measured), *_missing(measured, len(budgets.HEAD))], words=1),
        _delays(measured),
        _drained(measured),
        _inserts(measured),
        [*_ON_THE_WAY.splitlines(), "", *where.of_a_change(steady, measured.plain)],
        [*_STAGES.splitlines(), "", *where.of_the_relay(steady, drained)],
        [*_STEPS.format(rounds=measured.sizes.climbs).splitlines(), "", *where.of_capture(measured.rungs)],
    )
    return [line for part in parts for line in ("", *part)][1:]


def _delays(measured: Measured) -> list[str]:
    head = ("commit to consumer", "changes/s", "p50 ms", "p95 ms", "p99 ms", "CPU s/1,000")
    rows = [
        (
            one.side,
            f"{one.per_second:,.0f}",
            f"{one.p50:.1f}",
            f"{one.p95:.1f}",
            f"{one.p99:.1f}",
            f"{one.cpu:.3f}",
        )
        for one in measured.delays
    ]
    return table(head, [*rows, *_missing(measured, len(head))], words=1)


def _drained(measured: Measured) -> list[str]:
    head = (f"a backlog of {measured.sizes.backlog:,} changes", "changes/s", "CPU s/1,000")
    rows = [(one.side, f"{one.per_second:,.0f}", f"{one.cpu:.3f}") for one in measured.drained]
    return table(head, [*rows, *_missing(measured, len(head))], words=1)


def _inserts(measured: Measured) -> list[str]:
    head = (
        "what notes changes",
        "single inserts/s, 8 writers",
        "of none",
        "rows/s, 500 a statement",
        "of none",
    )
    rows = [
        (
            one.capture,
            f"{one.single:,.0f}",
            f"{one.single / none.single:.0%}",
            f"{one.statements:,.0f}",
            f"{one.statements / none.statements:.0%}",
        )
        for one, none in budgets.beside_none(measured.inserts)
    ]
    return table(head, [*rows, *_missing(measured, len(head))], words=1)


def _missing(measured: Measured, columns: int) -> list[tuple[str, ...]]:
    if not measured.missing:
        return []
    return [(Debezium.name, f"not run: {measured.missing}", *[""] * (columns - 2))]


def reload_lines(one: Reload) -> list[str]:
    """The text of the section on the nightly reload."""
    return [
        f"PostgreSQL 18 and Apache Kafka as above. {one.rows:,} rows deleted and inserted again in one transaction,"
        f" {DIFFERENT} of them different. {one.events:,} events on the public topic. The transaction took"
        f" {one.captured:.1f} s, and {one.without:.1f} s without capture; the relay {one.relay:.1f} s after it"
        f" ({one.cpu:.1f} s of CPU), with at most {one.memory:.0f} MB ({one.memory_before:.0f} MB before). Publishing"
        f" all rows at first took {one.snapshot:.0f} s."
    ]
