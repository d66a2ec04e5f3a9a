"""A step and all that the law takes by itself after it, judged by the pure rules of one matter; used by `office`."""

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from typing import Any, Protocol, TypeVar

from schemas.law.sharing.steps import Party, Rule, Step, StepRefused
from schemas.query.bound import Value
from services.departments.data_office.matters import K

S = TypeVar("S")


class Rules(Protocol[K, S]):
    """What the law says of one matter, which is None before its first step. `S` is how it stands."""

    def check(self, standing: S | None, step: Step[K]) -> None:
        """Raise StepRefused unless the step may come next."""
        ...

    def after(self, standing: S | None, step: Step[K]) -> S:
        """How it stands after a step that was allowed."""
        ...

    def own(self, standing: S, now: datetime) -> Step[K] | None:
        """The step that the bridge takes by itself now."""
        ...

    def record(self, standing: S) -> dict[str, Value]:
        """How it stands, as its record says it, without its id and the count of its steps."""
        ...


def folded(rules: Rules[K, S], steps: Iterable[Step[K]]) -> S | None:
    """How a matter stands after steps that were each allowed."""
    standing: S | None = None
    for one in steps:
        standing = rules.after(standing, one)
    return standing


def taken(rules: Rules[K, S], standing: S | None, step: Step[K]) -> tuple[S, list[Step[K]]]:
    """How it stands after the step, and all steps that were taken: those that fell due before it, for what is late was
    late before somebody came, then its own, then those that came of it. Raises StepRefused."""
    if standing is None:
        rules.check(None, step)
        after, further = by_itself(rules, rules.after(None, step), step.at)
        return after, [step, *further]
    stands, led = by_itself(rules, standing, step.at)
    rules.check(stands, step)
    after, further = by_itself(rules, rules.after(stands, step), step.at)
    return after, [*led, step, *further]


def by_itself(rules: Rules[K, S], standing: S, now: datetime) -> tuple[S, list[Step[K]]]:
    """How it stands after what the law takes by itself now, and these steps."""
    steps: list[Step[K]] = []
    while (own := rules.own(standing, now)) is not None:
        rules.check(standing, own)
        standing = rules.after(standing, own)
        steps.append(own)
    return standing, steps


def retaken(rules: Rules[K, S], before: list[Step[K]], steps: list[Step[K]]) -> tuple[S, list[Step[K]]]:
    """How it stood after the first member's step among `steps`, which came after `before`, and the steps that were
    taken with it, at its moment."""
    led = list(takewhile(lambda one: one.party is Party.BRIDGE, steps))
    step, *later = steps[len(led) :]
    further = takewhile(lambda one: one.party is Party.BRIDGE and one.at == step.at, later)
    took = [*led, step, *further]
    standing = folded(rules, [*before, *took])
    assert standing is not None
    return standing, took


def party_of(member: str, rule: Rule[Any], parties: dict[Party, str]) -> Party:
    """As what a member takes a step: the first of the rule's parties that it is. StepRefused wrong-party."""
    for party in (Party.REQUESTER, Party.PROVIDER, Party.AUTHORITY):
        if party in rule.by and parties.get(party) == member:
            return party
    raise StepRefused("wrong-party", f"this is a step of: {', '.join(sorted(rule.by))}")
