"""The demo from first to last: a world in an empty folder, the story's acts, and the wait for Ctrl-C; run by `up`."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.cli import show
from services.cli.caller import DEFAULT_PROFILE
from services.cli.story import change, outage, question, refusal
from services.cli.story.stage import Stage, WrongAnswer
from services.cli.world.databases import Database, PostgresqlMissing
from services.cli.world.ground import emptied
from services.cli.world.plan import WorldPlan
from services.cli.world.processes import StartFailed
from services.cli.world.world import World, running_world
from services.client.bridge import Refused
from services.client.topics import CannotFollow
from services.departments import kinds
from services.engine.synthetic.population import Size

_ACTS = (question, change, outage, refusal)
_FAULTS = (
    *(WrongAnswer, Refused, CannotFollow, httpx.HTTPError, subprocess.SubprocessError),
    *(StartFailed, PostgresqlMissing, OSError),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What kind of world, where, and whether it ends with the story; `scale` is of 2,000 enterprises."""

    folder: Path
    scale: float
    database: Database
    port: int
    once: bool


def run(wanted: Wanted) -> int:
    """Tell the story; the exit code: 0 when every answer was right, or when Ctrl-C ended it."""
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Who starts it by nohup means it to outlive the terminal.
        if end is not signal.SIGHUP or signal.getsignal(end) is not signal.SIG_IGN:
            signal.signal(end, signal.default_int_handler)
    console = show.console()
    try:
        last, code = _tell(console, wanted), 0
    except _FAULTS as fault:
        last, code = f"demo failed: {fault}", 1
    except (LookupError, TypeError) as fault:
        last, code = f"demo failed: an answer has another form than it should ({fault!r})", 1
    except KeyboardInterrupt:
        last, code = "everything is stopped", 0
    console.print(last, markup=False, soft_wrap=True)
    return code


def _tell(console: Console, wanted: Wanted) -> str:
    began = time.perf_counter()
    with _fresh(console, wanted) as world:
        ready = time.perf_counter() - began
        stage = Stage(world, console)
        for act in _ACTS:
            act.tell(stage)
        if not wanted.once:
            _stay(console, world.plan)
    timings = " ".join(f"{name}={value:.1f}ms" for name, value in stage.timings.items())
    return f"demo ok ready={ready:.1f}s {timings}"


@contextmanager
def _fresh(console: Console, wanted: Wanted) -> Iterator[World]:
    """A world in an empty folder, with bars while it starts."""
    with ExitStack() as stack:
        folder = stack.enter_context(emptied(wanted.folder))
        with _bars(console) as progress:
            world = stack.enter_context(
                running_world(
                    folder,
                    kinds(),
                    size=Size().scaled(wanted.scale),
                    database=wanted.database,
                    gateway_port=wanted.port,
                    progress=progress,
                )
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
    tool = sys.argv[0] if Path(sys.argv[0]).name == "langqiao" else "langqiao"
    profile = plan.profiles / DEFAULT_PROFILE.name
    asker = "" if profile == DEFAULT_PROFILE.resolve() else f" --profile {profile}"
    for line in (
        f"{tool} ask 'market_regulation.enterprises?select=name,taxpayer(status)&limit=3'{asker}",
        f"{tool} explain 'market_regulation.enterprises?select=name,arrears!inner(balance)&limit=3'{asker}",
        f"{tool} tail market_regulation.enterprises{asker}",
        f"curl -s '{plan.gateway_url}/records/market_regulation/enterprises?select=name&limit=3'",
        f"open {plan.gateway_url}/docs",
    ):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    console.print("Ctrl-C ends everything.")
    signal.pause()
