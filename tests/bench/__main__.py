"""`python -m tests.bench`: measures questions beside a bare proxy, events beside Debezium's engine, and what trust
costs; prints the tables and writes RESULTS.md."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.cli.world.databases import Database
from services.cli.world.processes import StartFailed
from services.cli.world.world import running_world
from services.departments import kinds
from services.engine.synthetic.population import Size
from tests.bench import changes, page, rounds
from tests.bench.events import page as events_page
from tests.bench.events.run import Sizes, measure, measure_reload
from tests.bench.floor import floors
from tests.bench.load import BenchFailed
from tests.bench.trust import asked
from tests.bench.trust import page as trust_page
from tests.bench.trust.steps import steps

#: Of the question across departments a round asks so many times less.
_LIGHTER = {"one record": 1, "five departments": 4}
_CHANGES_A_SECOND = 200
QUESTIONS, TRUST, EVENTS, RELOAD = "questions", "trust", "events", "reload"


def main() -> int:
    """Measure everything once; 1 when something did not work."""
    said = _arguments()
    console = Console(highlight=False)
    sections = {QUESTIONS: _questions, TRUST: _trust, EVENTS: _events, RELOAD: _reload}
    try:
        for name, measured in sections.items():
            if said.only in (None, name):
                measured(said, console)
    except (BenchFailed, StartFailed) as fault:
        console.print(f"bench failed: {fault}", markup=False, soft_wrap=True)
        return 1
    console.print("The page tests/bench/RESULTS.md is written.")
    return 0


def _questions(said: argparse.Namespace, console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="langqiao-bench-") as folder, _bars(console) as bars:
        measured = _measure(said, Path(folder), bars)
    table = Table(*page.HEAD, box=SIMPLE_HEAD)
    for row in page.rows(measured.outcomes):
        table.add_row(*row)
    console.print(table)
    console.print(page.delay_line(measured.delays), soft_wrap=True)
    page.put("Questions", page.lines(measured))


def _trust(said: argparse.Namespace, console: Console) -> None:
    os.environ["LANGQIAO_REQUIRE_MESSAGES"] = "false"
    with tempfile.TemporaryDirectory(prefix="langqiao-bench-") as name, ExitStack() as stack:
        folder, size = Path(name), Size().scaled(said.size)
        world = running_world(folder / "world", (asked.KIND,), size=size, database=Database.POSTGRESQL)
        groups = stack.enter_context(asked.groups(stack.enter_context(world), folder / "beside"))
        requests = dict.fromkeys(groups, said.requests)
        outcomes = rounds.run(groups, said.rounds, requests, said.clients, console.print)
    _told("Trust", trust_page.lines(outcomes, steps(), said.clients), console)


def _events(said: argparse.Namespace, console: Console) -> None:
    if _kafka_is_missing("Events"):
        return
    sizes = Sizes(
        rows=said.rows,
        rates=tuple((rate, rate * said.seconds) for rate in (200, 1_000)),
        backlog=said.rows,
        inserting=said.seconds / 2,
    )
    _told("Events", events_page.lines(measure(sizes, console.print)), console)


def _reload(said: argparse.Namespace, console: Console) -> None:
    if not _kafka_is_missing("Nightly reload"):
        _told("Nightly reload", events_page.reload_lines(measure_reload(said.reload)), console)


def _kafka_is_missing(section: str) -> bool:
    missing = shutil.which("java") is None or shutil.which("mvn") is None
    if missing:
        page.put(section, ["Not run: Apache Kafka needs Java 17 and Maven, which are not here."])
    return missing


def _told(section: str, text: list[str], console: Console) -> None:
    console.print("\n".join(text), markup=False, soft_wrap=True)
    page.put(section, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_500, help="requests in one round of one record")
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds")
    parser.add_argument("--clients", type=int, default=8, help="clients at once")
    parser.add_argument("--changes", type=int, default=2_000, help="changes by raw SQL, 200 a second")
    parser.add_argument("--size", type=float, default=1.0, help="scale of 2,000 enterprises")
    parser.add_argument("--only", choices=(QUESTIONS, TRUST, EVENTS, RELOAD), help="measure one of them")
    parser.add_argument(
        "--rows", type=int, default=20_000, help="events: rows of the table, and of the backlog"
    )
    parser.add_argument("--seconds", type=int, default=10, help="events: how long each rate lasts")
    parser.add_argument("--reload", type=int, default=100_000, help="reload: its rows")
    return parser.parse_args()


def _measure(said: argparse.Namespace, folder: Path, bars: Progress) -> page.Measured:
    size = Size().scaled(said.size)
    # What stands beside the gateway asks the departments too, and cannot sign, nor do those who ask; what the gateway
    # signs is checked.
    os.environ["LANGQIAO_REQUIRE_MESSAGES"] = os.environ["LANGQIAO_GATEWAY_REQUIRE_MESSAGES"] = "false"
    with ExitStack() as stack:
        world = stack.enter_context(
            running_world(folder / "world", kinds(), size=size, progress=_showing(bars))
        )
        calls = rounds.fan_calls(world)
        beside = stack.enter_context(floors(folder / "floor", calls[0].port, calls))
        targets = rounds.groups(world, beside)
        requests = {group: said.requests // _LIGHTER[group] for group in targets}
        task = bars.add_task("rounds", total=said.rounds * sum(map(len, targets.values())))
        outcomes = rounds.run(
            targets,
            said.rounds,
            requests,
            said.clients,
            lambda name: bars.update(task, advance=1, description=name),
        )
        task = bars.add_task("changes", total=said.changes)
        delays = changes.measure(
            world.plan, said.changes, _CHANGES_A_SECOND, lambda seen: bars.update(task, completed=seen)
        )
    return page.Measured(outcomes, delays, said.clients, len(calls))


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _showing(bars: Progress) -> Callable[[str, int, int], None]:
    """Shows how far the world's start is."""
    tasks: dict[str, TaskID] = {}

    def progress(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(step)
        bars.update(tasks[step], completed=done, total=total)

    return progress


if __name__ == "__main__":
    sys.exit(main())
