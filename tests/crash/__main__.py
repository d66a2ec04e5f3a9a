"""`python -m tests.crash`, called by `make crash`: so many runs from a seed; exit code 1 when one finds anything."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from tests.crash import bugs
from tests.crash.ground import Ground, prepared_ground
from tests.crash.run import Result, perform
from tests.crash.scenario import APACHE, EMBEDDED, POSTGRESQL, SQLITE, Scenario

#: A sign of life after so many runs.
_SPARSELY = 10


def main(arguments: Sequence[str]) -> int:
    asked = _asked(arguments)
    numbers = [asked.only] if asked.only is not None else range(asked.first, asked.first + asked.runs)
    with ExitStack() as ending:
        laying = asyncio.Lock()
        grounds = [ending.enter_context(prepared_ground(asked.broker, laying)) for _ in range(asked.jobs)]
        return asyncio.run(Sitting(asked, iter(numbers)).go(grounds))


class Sitting:
    """So many runs, as many at once as there are grounds."""

    def __init__(self, asked: argparse.Namespace, numbers: Iterator[int]) -> None:
        self._asked = asked
        self._numbers = numbers
        self._begun = time.monotonic()
        self._under_way: set[int] = set()
        self._runs = self._wrong = 0
        self._happened: Counter[str] = Counter()

    async def go(self, grounds: Sequence[Ground]) -> int:
        """The exit code."""
        await asyncio.gather(*map(self._run_on, grounds))
        if self._asked.verbose:
            for what, times in sorted(self._happened.items()):
                print(f"{times:6} {what}")
        seconds = time.monotonic() - self._begun
        print(
            f"seed {self._asked.seed}, {self._asked.broker}: {self._runs} runs,"
            f" {sum(self._happened.values())} traps sprung at {len(self._happened)} places,"
            f" {self._wrong} runs with findings, {seconds / max(self._runs, 1):.1f} s a run"
        )
        return 1 if self._wrong else 0

    async def _run_on(self, ground: Ground) -> None:
        """One run after the other, of those that nobody has begun."""
        asked = self._asked
        for number in self._numbers:
            self._under_way.add(number)
            scenario = bugs.scenario(asked.bug, asked.seed, number, asked.stores, asked.broker)
            self._take(scenario, await _result(ground, scenario, asked.bug))
            self._under_way.remove(number)
            if self._runs % _SPARSELY == 0:
                # What is under way here would be begun anew.
                next_one = min(self._under_way, default=number + 1)
                seconds = time.monotonic() - self._begun
                print(
                    f"{self._runs} runs, {self._wrong} with findings, {seconds:.0f} s; to go on from here:"
                    f" FIRST={next_one}",
                    flush=True,
                )

    def _take(self, scenario: Scenario, result: Result) -> None:
        self._runs += 1
        self._wrong += bool(result.found)
        self._happened.update(one.partition(", met")[0] for one in result.happened)
        if result.found or self._asked.only is not None:
            _tell(scenario, result)


async def _result(ground: Ground, scenario: Scenario, bug: str) -> Result:
    """A run that breaks off is a finding, and the next one begins."""
    try:
        return await perform(ground, scenario, bug)
    except Exception as fault:
        return Result([f"the run broke off: {type(fault).__name__}: {fault}"])


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
    parser.add_argument(
        "--jobs", type=int, default=1, help="so many runs at a time, each on a ground of its own"
    )
    parser.add_argument("--only", type=int, help="one run alone, and what happened in it")
    parser.add_argument("--broker", choices=(EMBEDDED, APACHE), default=EMBEDDED)
    parser.add_argument("--stores", nargs="+", choices=(SQLITE, POSTGRESQL), default=(SQLITE, POSTGRESQL))
    parser.add_argument("--bug", choices=("", *bugs.ALL), default="", help="a mistake that is to be found")
    parser.add_argument("--verbose", action="store_true", help="where traps sprang, and how often")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
