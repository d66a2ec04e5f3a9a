"""What the office handles, as its records keep it: which datasets, and a step as a record and back; used by `books` and
by the seeder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import orjson

from schemas.law.calendar import PendingCalendar
from schemas.law.sharing.correction import CorrectionStep
from schemas.law.sharing.entry_rules import EntryStep
from schemas.law.sharing.request_rules import StepKind
from schemas.law.sharing.steps import Party, Step
from schemas.law.sharing.terms import Terms
from schemas.query.bound import Value

K = TypeVar("K", bound=StrEnum)
Record = Mapping[str, Value]


@dataclass(frozen=True)
class Matter(Generic[K]):
    """One kind of matter. `records` is the dataset that says how each stands, `steps` the one of its steps; `shown` are
    the facts that a step's record shows as items of its own, so that they need no grant: item -> facts; `stamped` are
    the kinds of step whose security time the matter's record keeps, with the item."""

    letter: str
    records: str
    steps: str
    id_item: str
    kinds: type[K]
    shown: Mapping[str, tuple[str, ...]]
    stamped: Mapping[str, str] = field(default_factory=dict)


REQUESTS = Matter(
    "R",
    "data_office.requests",
    "data_office.request_steps",
    "request_id",
    StepKind,
    {
        "working_days": ("working_days",),
        "condition": ("condition",),
        "grant_id": ("grant",),
        "by_day": ("mend_by", "dispose_by", "due_on"),
    },
    {StepKind.DELIVERED: "delivered_at"},
)
CORRECTIONS = Matter(
    "C",
    "data_office.corrections",
    "data_office.correction_steps",
    "correction_id",
    CorrectionStep,
    {"system": ("system",)},
)
ENTRIES = Matter(
    "E",
    "data_office.entries",
    "data_office.entry_steps",
    "entry_id",
    EntryStep,
    {"by_day": ("ends", "due_on", "changed_on")},
)


def step_record(
    matter: Matter[K], matter_id: str, number: int, step: Step[K], recorded_at: datetime
) -> dict[str, Value]:
    """A step as a record; `number` counts the steps of its matter from 1."""
    return {
        "step_id": f"{matter_id}.{number:04d}",
        matter.id_item: matter_id,
        "number": number,
        "kind": step.kind.value,
        "at": step.at,
        "recorded_at": recorded_at,
        "party": step.party.value,
        "member": step.member,
        "officer": step.officer or None,
        "second": step.second or None,
        **{item: _shown(item, step.facts, facts) for item, facts in matter.shown.items()},
        "facts": orjson.dumps(dict(step.facts), option=orjson.OPT_SORT_KEYS).decode(),
    }


def step_of(matter: Matter[K], record: Record) -> Step[K]:
    """The step that a record keeps."""
    at = record["at"]
    assert isinstance(at, datetime)
    return Step(
        matter.kinds(str(record["kind"])),
        at,
        Party(str(record["party"])),
        str(record["member"]),
        str(record["officer"] or ""),
        str(record["second"] or ""),
        orjson.loads(str(record["facts"] or "{}")),
    )


def clock_values(clock: StrEnum | None, due: date | PendingCalendar | None) -> dict[str, Value]:
    """The clock that runs, as a record says it; a day that nobody can tell is the year whose calendar lacks."""
    return {
        "clock": clock.value if clock is not None else None,
        "due_on": None if isinstance(due, PendingCalendar) else due,
        "pending_calendar": due.year if isinstance(due, PendingCalendar) else None,
    }


def terms_values(terms: Terms) -> dict[str, Value]:
    """What is agreed on beside items, rows and days, as a request's record says it."""
    return {
        "quota_per_day": terms.quota_per_day,
        "calls_per_second": terms.calls_per_second,
        "delegates": ",".join(terms.delegates) or None,
        "case_required": terms.case_required,
        "untold": terms.untold or None,
        "told_after_days": terms.told_after_days,
    }


def granted_terms(record: Record) -> dict[str, Any]:
    """The same as a grant says it."""
    said = {
        "quota_per_day": record["quota_per_day"],
        "calls_per_second": record["calls_per_second"],
        "delegates": str(record["delegates"]).split(",") if record["delegates"] else None,
        "case": "required" if record["case_required"] else None,
        "untold": record["untold"],
        "told_after_days": record["told_after_days"],
    }
    return {name: one for name, one in said.items() if one is not None}


def _shown(item: str, facts: Mapping[str, Any], names: tuple[str, ...]) -> Value:
    found = next((facts[name] for name in names if facts.get(name) is not None), None)
    if found is None or item != "by_day":
        return found
    return date.fromisoformat(str(found))
