"""Legal clocks as data: each file of tests/cases/clocks is a story of steps and days, with what comes of itself.

A line of a story takes a step (`take`, with `facts` and, where its party is not the usual one, `by`), or looks at what
falls due (`look`). `takes` are all steps that are taken then, `refused` is the code of a refusal; `clock` and `due`, or
`pending` with the year of the calendar that lacks, are how it stands after. `submitted` are the later versions of the
entry that are before the authority by then.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.law.calendar import WorkingDays
from schemas.law.sharing.correction import Corrected, CorrectionStep, Version
from schemas.law.sharing.entry_rules import EntryStep
from schemas.law.sharing.limits import ZONE
from schemas.law.sharing.request_rules import StepKind
from schemas.law.sharing.steps import Party, Step, StepRefused
from services.departments.data_office.corrections import CorrectionRules
from services.departments.data_office.entries import EntryRules, Successor
from services.departments.data_office.requests import RequestRules
from services.departments.data_office.rules import Rules, by_itself, taken
from tests.schemas.law.sharing import made

_CASES = sorted((Path(__file__).parents[3] / "cases" / "clocks").glob("*.yaml"))
_MEMBERS = {
    Party.REQUESTER: made.REQUESTER,
    Party.PROVIDER: made.PROVIDER,
    Party.AUTHORITY: made.AUTHORITY,
    Party.BRIDGE: made.AUTHORITY,
}
_KINDS = {"request": StepKind, "correction": CorrectionStep, "entry": EntryStep}
#: Who takes the steps that are not the provider's.
_BY = {
    "applied": Party.REQUESTER,
    "ended": Party.REQUESTER,
    "disposed": Party.REQUESTER,
    "disputed": Party.REQUESTER,
    "filed": Party.REQUESTER,
    "acknowledged": Party.REQUESTER,
    "extended": Party.AUTHORITY,
    "dispute-decided": Party.AUTHORITY,
    "published": Party.AUTHORITY,
    "update-extended": Party.AUTHORITY,
    "looked": Party.BRIDGE,
    "receivers-read": Party.BRIDGE,
    "log-contradicted": Party.BRIDGE,
}
_OFFICERS = {"applied": "officer-1", "approved": "head-2"}
_FILED = {"dataset": "workshop.tools", "record": "T1", "item": "holder", "epoch": 1, "version": 4}
_SAID: dict[str, Mapping[str, Any]] = {
    **{kind.value: said for kind, said in made.SAID.items()},
    "filed": {**_FILED, "reason": "the tool was sold"},
    "looked": {
        "epoch": 1,
        "version": 4,
        "was": {"salt": "00", "digest": "11"},
        "node": made.PROVIDER,
        "entry": 7,
        "hash": "a" * 64,
    },
    "corrected": {"epoch": 1, "version": 5},
    "upheld": {"reason": "as registered"},
    "receivers-read": {},
    "change-told": {"basis": "省政府令 第412号"},
    "update-extended": {"reason": "the archive moves"},
}


def _rules(case: Mapping[str, Any]) -> Rules[Any, Any]:
    match case["matter"]:
        case "request":
            return RequestRules("R-1", (made.CONTRACT,), made.PROVIDER, made.AUTHORITY, WorkingDays())
        case "correction":
            proof = Corrected(Version(1, 5), frozenset({"holder"}))
            return CorrectionRules(made.PROVIDER, made.AUTHORITY, WorkingDays(), proof)
    return EntryRules(made.CONTRACT, "1.0.0", made.PROVIDER, made.AUTHORITY, WorkingDays())


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZONE)


def _step(case: Mapping[str, Any], line: Mapping[str, Any]) -> Step[Any]:
    name = line["take"]
    party = Party(line.get("by", _BY.get(name, Party.PROVIDER)))
    said = {**_SAID.get(name, {}), **line.get("facts", {})}
    if name == "applied":
        until = (line["day"] + timedelta(days=364)).isoformat()
        said = {**made.FORM, "items": case.get("items", made.ASKED), "until": until}
    facts = {one: str(value) if isinstance(value, date) else value for one, value in said.items()}
    officer = _OFFICERS.get(name, "officer-2")
    second = "head-1" if name == "applied" else "head-2"
    kind = _KINDS[case["matter"]](name)
    return Step(kind, _noon(line["day"]), party, _MEMBERS[party], officer, second, facts)


def _seen(rules: Rules[Any, Any], line: Mapping[str, Any]) -> Rules[Any, Any]:
    if not isinstance(rules, EntryRules) or "submitted" not in line:
        return rules
    found = [Successor(version, _noon(day)) for version, day in line["submitted"].items()]
    return replace(rules, successors=tuple(sorted(found, key=lambda one: one.submitted)))


@pytest.mark.parametrize("path", _CASES, ids=lambda path: path.stem)
def test_the_clock_runs_as_the_case_tells(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules, standing = _rules(case), None
    for number, line in enumerate(case["story"], start=1):
        told, mine = f"line {number}: {line}", _seen(rules, line)
        if "refused" in line:
            with pytest.raises(StepRefused) as refusal:
                taken(mine, standing, _step(case, line))
            assert refusal.value.code == line["refused"], told
            continue
        if "look" in line:
            standing, steps = by_itself(mine, standing, _noon(line["day"]))
        else:
            standing, steps = taken(mine, standing, _step(case, line))
        expected = line["look"] if "look" in line else line.get("takes", [line["take"]])
        assert [one.kind.value for one in steps] == expected, told
        if "clock" in line:
            record = mine.record(standing)
            stands = (record["clock"], record["due_on"], record["pending_calendar"])
            assert stands == (line["clock"], line.get("due"), line.get("pending")), told


def test_there_are_cases_for_every_clock() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in _CASES)
    overdue = [kind.value for kinds in _KINDS.values() for kind in kinds if kind.value.endswith("-overdue")]
    assert [one for one in overdue if one not in text] == []
