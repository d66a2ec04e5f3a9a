"""`langqiao up`: a whole world on this machine, the story, and then a bridge to ask until Ctrl-C."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.cli import show
from services.cli.story import change, outage, question, refusal
from services.cli.story.stage import Stage, WrongAnswer
from services.cli.world.databases import Database, PostgresqlMissing
from services.cli.world.plan import WorldPlan
from services.cli.world.processes import StartFailed
from services.cli.world.world import World, running_world
from services.client.bridge import Refused
from services.departments import kinds
from services.engine.synthetic.population import Size

_ACTS = (question, change, outage, refusal)
_FAULTS = (WrongAnswer, StartFailed, PostgresqlMissing, Refused, httpx.HTTPError, OSError)


def up(
    once: Annotated[
        bool, typer.Option("--once", help="Tell the story, then end: 0 when every answer was right.")
    ] = False,
    size: Annotated[
        float, typer.Option("--size", min=0.001, help="Scale of 2,000 enterprises, 5,000 residents.")
    ] = 1.0,
    db: Annotated[Database, typer.Option("--db", help="The departments' database.")] = Database.SQLITE,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where everything is kept; an earlier demo there is removed.")
    ] = Path(".langqiao/demo"),
) -> None:
    """Start broker, departments, relays and gateway; tell the story with real calls; stay up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = show.console()
    try:
        _tell(console, folder, Size().scaled(size), db, once)
    except _FAULTS as fault:
        console.print(f"demo failed: {fault}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("everything is stopped")


def _tell(console: Console, folder: Path, size: Size, db: Database, once: bool) -> None:
    began = time.perf_counter()
    with _fresh(console, folder, size, db) as world:
        ready = time.perf_counter() - began
        stage = Stage(world, console)
        for act in _ACTS:
            act.tell(stage)
        timings = " ".join(f"{name}={value:.1f}ms" for name, value in stage.timings.items())
        if not once:
            _stay(console, world.plan)
    console.print(f"demo ok ready={ready:.1f}s {timings}", soft_wrap=True)


@contextmanager
def _fresh(console: Console, folder: Path, size: Size, db: Database) -> Iterator[World]:
    """A world in an empty folder, with bars while it starts."""
    target = folder.resolve()
    if target.exists() and not (target / "profiles").exists() and any(target.iterdir()):
        raise StartFailed(f"{folder} holds something else than an earlier demo; choose another --folder")
    shutil.rmtree(target, ignore_errors=True)
    with ExitStack() as stack:
        with _bars(console) as progress:
            world = stack.enter_context(
                running_world(target, kinds(), size=size, database=db, progress=progress)
            )
        yield world


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Progress bars, one for each step that is told."""
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step)
            bars.update(tasks[step], completed=done, total=total)

        yield progress


def _stay(console: Console, plan: WorldPlan) -> None:
    """Say how to ask further, and wait for Ctrl-C."""
    console.rule("[bold]The bridge stays up", align="left")
    for line in (
        "langqiao ask 'market_regulation.enterprises?select=name,taxpayer(status)&limit=3'",
        "langqiao explain 'market_regulation.enterprises?select=name,arrears!inner(balance)&limit=3'",
        "langqiao tail market_regulation.enterprises",
        f"curl -s '{plan.gateway_url}/records/market_regulation/enterprises?select=name&limit=3'",
        f"open {plan.gateway_url}/docs",
    ):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    console.print("Ctrl-C ends everything.")
    signal.pause()
