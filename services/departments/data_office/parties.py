"""Who is party to a matter, what a party is shown of its steps, and whom a matter is about; read by `matter_route` and
`deadlines_route`."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract
from schemas.law.sharing.correction import CorrectionStep
from schemas.law.sharing.request_rules import StepKind
from schemas.query.bound import Value
from schemas.trust.subjects import Subject, kind_of
from services.departments.data_office.matters import Record
from services.departments.data_office.requests import judge
from services.engine.api.for_office import named_by

#: The items by which a record names its parties; the authority, which is the office itself, stands in none.
_NAMED = ("requester", "filed_by", "provider")
#: What the office saw at a department for itself, where whoever files may see nothing.
_SEEN_THERE = frozenset(
    {CorrectionStep.LOOKED, CorrectionStep.RECEIVERS_READ, CorrectionStep.LOG_CONTRADICTED}
)
#: Facts that list whom a wrong value had reached.
_RECEIVERS = ("systems", "received_by")


def parties(record: Record, steps: Iterable[Record], office: str) -> frozenset[str]:
    """The members that a matter is between, the authority, and once it is disputed whoever decides."""
    named = {office, *(str(record[name]) for name in _NAMED if name in record)}
    if any(one["kind"] == StepKind.DISPUTED for one in steps):
        named.add(judge(str(record["requester"]), str(record["provider"]), office))
    return frozenset(named)


def shown(step: Record, record: Record, member: str, office: str) -> Mapping[str, Value]:
    """A step as one of the parties is shown it: all of it to the department and the authority. Whoever filed may have
    named any record: it learns nothing of what is there, and of those whom a wrong value had reached its own alone."""
    if member in (record["provider"], office):
        return step
    if step["kind"] in _SEEN_THERE:
        return {**step, "facts": None}
    facts: dict[str, Any] = orjson.loads(str(step["facts"] or "{}"))
    own = {
        name: [one for one in facts[name] if str(one).partition("/")[0] == member]
        for name in _RECEIVERS
        if name in facts
    }
    return (
        {**step, "facts": orjson.dumps({**facts, **own}, option=orjson.OPT_SORT_KEYS).decode()}
        if own
        else step
    )


def about(contract: Contract, record: Record, contracts: Catalogue) -> set[Subject]:
    """Whom a matter is about, by its record of this contract: its own subjects, and of a correction request the record
    that it is of."""
    names = *contract.key, *contract.subjects
    own = {(kind_of(contract, contract.items[name]), str(record[name])) for name in names}
    return own | about_record(contract, record, contracts)


def about_record(contract: Contract, record: Record, contracts: Catalogue) -> set[Subject]:
    """The record that a correction request is of, and whom its id names; nobody of any other matter."""
    if "record" not in record:
        return set()
    dataset, its = str(record["dataset"]), str(record["record"])
    majors = contracts.every(dataset) if dataset in contracts.datasets() else ()
    named = (subject for one in majors for subject in named_by(one, its))
    return {(kind_of(contract, contract.items["record"]), its), *named}
