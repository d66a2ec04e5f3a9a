"""What every act of the story is given, and how it says that an answer was wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape

from services.cli.world.plan import WorldPlan
from services.cli.world.world import World
from services.client.bridge import Bridge
from services.client.profile import Profile
from services.engine.synthetic.population import Enterprise, enterprise

#: Restaurants with something in every department's books, the richest first; any world has the last.
_RESTAURANTS = (438, 48, 18, 0)


class WrongAnswer(Exception):
    """An act got an answer that is not right; says which and why."""


@dataclass(slots=True)
class Stage:
    """The running world, where to print, and how long each act took (milliseconds by act)."""

    world: World
    console: Console
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def plan(self) -> WorldPlan:
        return self.world.plan

    @property
    def restaurant(self) -> Enterprise:
        """The enterprise of the story."""
        size = self.plan.size
        return enterprise(next(number for number in _RESTAURANTS if number < size.enterprises), size)

    def bridge(self, profile: str = "approvals", **changed: str) -> Bridge:
        """A caller of the gateway, by the name of its profile."""
        loaded = Profile.load(self.plan.profiles / f"{profile}.json")
        return Bridge(loaded.with_purpose(changed.get("purpose")))

    def heading(self, number: int, text: str) -> None:
        self.console.rule(f"[bold]{number}. {text}", align="left")

    def say(self, text: str) -> None:
        """Print lines as they are: nothing in them is markup, and long ones run on."""
        self.console.print(text, markup=False, soft_wrap=True)

    def right(self, text: str) -> None:
        """Say that an act's answers were right."""
        self.console.print(f"[green]right[/]: {escape(text)}", soft_wrap=True)

    @contextmanager
    def timed(self, act: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.timings[act] = (time.perf_counter() - began) * 1_000


def expect(right: bool, what: str) -> None:
    """Raise WrongAnswer unless right."""
    if not right:
        raise WrongAnswer(what)
