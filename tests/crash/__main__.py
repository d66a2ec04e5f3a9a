"""`python -m tests.crash`, called by `make crash`: so many runs from a seed; exit code 1 when one finds anything."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.crash import bugs
from tests.crash.ground import Ground, prepared_ground
from tests.crash.run import Result, perform
from tests.crash.scenario import APACHE, EMBEDDED, POSTGRESQL, SQLITE, Scenario

#: A sign of life after so many runs.
_SPARSELY = 10


def main(arguments: Sequence[str]) -> int:
    asked = _asked(arguments)
    numbers = [asked.only] if asked.only is not None else range(asked.first, asked.first + asked.runs)
    with prepared_ground(asked.broker) as ground:
        scenarios = (bugs.scenario(asked.bug, asked.seed, one, asked.stores, asked.broker) for one in numbers)
        return asyncio.run(_go(ground, scenarios, asked))


async def _go(ground: Ground, scenarios: Iterable[Scenario], asked: argparse.Namespace) -> int:
    begun = time.monotonic()
    runs = wrong = 0
    happened: Counter[str] = Counter()
    for scenario in scenarios:
        result = await perform(ground, scenario, asked.bug)
        runs += 1
        wrong += bool(result.found)
        happened.update(one.partition(", met")[0] for one in result.happened)
        if result.found or asked.only is not None:
            _tell(scenario, result)
        if runs % _SPARSELY == 0:
            print(f"{runs} runs, {wrong} with findings, {time.monotonic() - begun:.0f} s", flush=True)
    if asked.verbose:
        for what, times in sorted(happened.items()):
            print(f"{times:6} {what}")
    seconds = time.monotonic() - begun
    print(
        f"seed {asked.seed}, {asked.broker}: {runs} runs, {sum(happened.values())} traps sprung at"
        f" {len(happened)} places, {wrong} runs with findings, {seconds / max(runs, 1):.1f} s a run"
    )
    return 1 if wrong else 0


def _tell(scenario: Scenario, result: Result) -> None:
    print(f"seed {scenario.seed}, run {scenario.number}: {scenario}")
    for one in result.happened:
        print(f"  happened: {one}")
    for one in result.found[:20]:
        print(f"  WRONG: {one}")
    if len(result.found) > 20:
        print(f"  WRONG: and {len(result.found) - 20} more")
    sys.stdout.flush()


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first run: to go on where it ended"
    )
    parser.add_argument("--only", type=int, help="one run alone, and what happened in it")
    parser.add_argument("--broker", choices=(EMBEDDED, APACHE), default=EMBEDDED)
    parser.add_argument("--stores", nargs="+", choices=(SQLITE, POSTGRESQL), default=(SQLITE, POSTGRESQL))
    parser.add_argument("--bug", choices=("", *bugs.ALL), default="", help="a mistake that is to be found")
    parser.add_argument("--verbose", action="store_true", help="where traps sprang, and how often")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
