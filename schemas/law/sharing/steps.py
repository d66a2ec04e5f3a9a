"""One step of what departments ask of each other, and when one may be taken; shared by `request`, `correction` and
`catalogue_entry`, which each have their states, their steps and a table of rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)


class Party(StrEnum):
    """Who takes a step: the bridge itself takes those that the law leaves no choice about."""

    REQUESTER = "requester"
    PROVIDER = "provider"
    AUTHORITY = "authority"
    BRIDGE = "bridge"


class StepRefused(ValueError):
    """The step may not be taken. `code` is stable: wrong-state, wrong-party, two-people, says-too-little,
    unpublished-condition, beyond-request, too-long, too-late, no-use, not-looked, not-corrected, too-soon,
    not-published, too-many-open, filed-already."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


# Without slots: Python 3.11 cannot make one by its parameterised name then.
@dataclass(frozen=True)
class Step(Generic[K]):
    """One step as it was taken; each is a record, and so an event. `at` is aware; `officer` acts for `member`, `second`
    is the other named person where two must answer for it; `facts` is what it says."""

    kind: K
    at: datetime
    party: Party
    member: str
    officer: str = ""
    second: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S]):
    """When and by whom a step is taken. `begins`: the states it is taken in, None: it is the first. `two`: by two named
    people. `says`: facts that it must hold, not empty."""

    begins: frozenset[S | None]
    by: frozenset[Party]
    two: bool = False
    says: tuple[str, ...] = ()


def rule(begins: "frozenset[S | None]", *by: Party, two: bool = False, says: tuple[str, ...] = ()) -> Rule[S]:
    return Rule(begins, frozenset(by), two, says)


def check(rules: Mapping[K, Rule[S]], state: S | None, step: Step[K]) -> None:
    """Raise StepRefused unless the step may be taken in this state, None: before the first step."""
    mine = rules[step.kind]
    if state not in mine.begins:
        raise StepRefused("wrong-state", f"what is {state or 'not there yet'} cannot be {step.kind}")
    if step.party not in mine.by:
        raise StepRefused("wrong-party", f"{step.kind} is a step of: {', '.join(sorted(mine.by))}")
    if step.party is not Party.BRIDGE and not step.officer:
        raise StepRefused("says-too-little", "a step names the officer who takes it")
    missing = [name for name in mine.says if step.facts.get(name) in (None, "", [])]
    if missing:
        raise StepRefused("says-too-little", f"{step.kind} must say {', '.join(missing)}")
    if mine.two and step.party is not Party.BRIDGE and step.second in ("", step.officer):
        raise StepRefused("two-people", f"{step.kind} takes two named people: who does it, and who approves")
