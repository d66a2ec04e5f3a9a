"""The page of results, as a table for the terminal and as Markdown; written by `__main__`."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.bench.changes import Delays
from tests.bench.rounds import Outcome

PAGE = Path(__file__).with_name("RESULTS.md")
HEAD = ("question", "asked", "requests/s", "CPU s/1,000", "gateway's CPU", "p50 ms", "p99 ms")
_EXPLAINED = """\
Each row is the median of paired rounds: the gateway and what stands beside it are asked the same in turn by
{clients} clients over loopback, on one machine that also runs the departments and the clients. CPU is the asked
process's own, in seconds for 1,000 requests; "gateway's CPU" says how many times that row's the gateway took, round by
round. Ratios travel to other machines, absolute figures don't. `nginx` and `node` are bare proxies that check, parse
and merge nothing; for the question across departments `node` knows the {calls} calls beforehand, sends them at once
and joins the bytes.
"""


@dataclass(frozen=True)
class Measured:
    """All that one run gave, with the number of clients and of calls in the question across departments."""

    outcomes: Sequence[Outcome]
    delays: Delays
    clients: int
    calls: int


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """The table's lines, in HEAD's order."""
    firsts = {one.group: one for one in reversed(outcomes)}
    return [_row(one, firsts[one.group]) for one in outcomes]


def _row(one: Outcome, gateway: Outcome) -> tuple[str, ...]:
    beside = "" if one is gateway else f"{gateway.cost_beside(one):.1f} ×"
    return (
        one.group,
        one.name,
        f"{one.middle(lambda found: found.per_second):,.0f}",
        f"{one.middle(lambda found: found.cpu):.3f}",
        beside,
        f"{one.middle(lambda found: found.p50):.1f}",
        f"{one.middle(lambda found: found.p99):.1f}",
    )


def delay_line(delays: Delays) -> str:
    """What changes by raw SQL took to a subscriber."""
    return (
        f"Commit to event at a subscriber, {delays.changes:,} changes by raw SQL at {delays.per_second:.0f} a second: "
        f"p50 {delays.p50:.1f} ms, p99 {delays.p99:.1f} ms, longest {delays.longest:.1f} ms."
    )


def lines(measured: Measured) -> list[str]:
    """The section of questions."""
    return [
        "Seven departments on SQLite.",
        *_EXPLAINED.format(clients=measured.clients, calls=measured.calls).splitlines(),
        "",
        *table(HEAD, rows(measured.outcomes), words=2),
        "",
        delay_line(measured.delays),
    ]


def table(head: Sequence[str], body: Sequence[Sequence[str]], *, words: int) -> list[str]:
    """A table in Markdown, whose first columns are words, and the others figures."""
    return [_line(head), _line(["---"] * words + ["---:"] * (len(head) - words)), *map(_line, body)]


def put(section: str, text: Sequence[str], page: Path = PAGE) -> None:
    """Write a section of RESULTS.md anew, and leave the others as they were measured."""
    written = (
        f"Measured on {date.today().isoformat()}: {os.cpu_count()} cores, Python {platform.python_version()}."  # noqa: DTZ011
    )
    _, *others = page.read_text(encoding="utf-8").split("\n## ") if page.exists() else [""]
    known = {one.partition("\n")[0]: one.partition("\n")[2].strip("\n") for one in others}
    known[section] = "\n".join([written, *text]).strip("\n")
    parts = ["# Measured\n\nWritten by `make bench`, section by section.\n"]
    parts += [f"## {name}\n\n{content}\n" for name, content in sorted(known.items(), reverse=True)]
    page.write_text("\n".join(parts), encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
