"""A county whose values are all easy to find again, and calls of every kind that carry them; for tests of silence."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.query.bound import Value
from tests.flow.federation.county import DATASETS
from tests.flow.federation.records import Contents, Record

NAME, CODE, NUMBER = "CANARYNAME", "91CANARY1", 7305118842
AMOUNT, DAY = Decimal("48151623.42"), date(1873, 3, 29)
#: What may stand nowhere but in answers: as a contract shows it and as tables spell it.
CANARIES = tuple(
    one.encode() for one in (NAME, CODE, CODE.lower(), str(NUMBER), str(AMOUNT), "1873-03-29", "1873-3-29")
)

_FIRM: dict[str, Value] = {"code": CODE, "name": NAME, "capital": AMOUNT, "founded_on": DAY, "remark": NAME}
_COUNTY: dict[str, dict[str, Value]] = {
    "trade_office.firms": _FIRM,
    "permit_office.permits": {"firm_code": CODE, "permit_no": NAME, "fee": AMOUNT, "valid_to": DAY, "note": NAME},
    "permit_office.visits": {"visit_no": 1, "permit_no": NAME, "visited_on": DAY, "visitor_no": NUMBER},
    "revenue_office.accounts": {"code": CODE, "balance": AMOUNT, "opened_on": DAY},
    "revenue_office.payments": {"year": NUMBER, "code": CODE, "amount": AMOUNT, "paid_on": DAY},
    "roll_office.persons": {"person_no": NUMBER, "name": NAME, "employer_code": CODE, "born_on": DAY},
}  # fmt: skip


def contents() -> Contents:
    """One record in each dataset, each linked to the others."""
    return {dataset: [_record(dataset, values)] for dataset, values in _COUNTY.items()}


def _record(dataset: str, values: dict[str, Value]) -> Record:
    one = DATASETS[dataset]
    whole = {item: values.get(item) for item in one.items}
    return Record(whole, {item: one.items[item].codec.encode(value) for item, value in whole.items()})


@dataclass(frozen=True)
class Said:
    """One call of a caller, and the status that it must bring."""

    status: int
    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    json: Any = None
    content: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """As httpx takes it."""
        body = {"json": self.json} if self.content is None else {"content": self.content}
        sent = (
            {**self.headers} if self.content is None else {"Content-Type": "application/json", **self.headers}
        )
        return {"params": self.params or None, "headers": sent, **(body if self.method != "GET" else {})}


_FIRMS, _PERSONS = "/records/trade_office/firms", "/records/roll_office/persons"
_EVERYTHING = (
    "*,employees(*,visits(*)),permits(*,visits(*,visitor!inner(*))),account!inner(*,payments(*)),parent(name)"
)

#: Good calls and bad ones.
CALLS: tuple[Said, ...] = (
    Said(200, "POST", f"{_FIRMS}/query", json={"select": _EVERYTHING, "employees.name": f"eq.{NAME}"}),
    Said(200, "GET", _FIRMS, {"select": _EVERYTHING, "code": f"eq.{CODE}", "order": "name"}),
    Said(
        200, "POST", f"{_PERSONS}/query", json={"name": f"like.{NAME}*", "born_on": f"lte.{DAY}", "limit": 1}
    ),
    Said(200, "POST", f"{_PERSONS}/lookup", json={"by": "person_no", "keys": [NUMBER, 1]}),
    Said(200, "POST", f"{_PERSONS}/verify", json={"where": {"person_no": NUMBER}, "claims": {"name": NAME}}),
    Said(200, "GET", f"{_FIRMS}/{CODE}"),
    Said(400, "GET", _PERSONS, {"name": f"eq.{NAME}"}),
    Said(400, "GET", _FIRMS, {"select": "code,employees(born_on)", "employees.person_no": f"in.({NUMBER})"}),
    Said(400, "GET", _FIRMS, {"staff": f"eq.{NAME}"}),
    Said(400, "GET", _FIRMS, {"founded_on": f"in.({DAY},{NAME})"}),
    Said(400, "GET", _FIRMS, {"name": f"in.({NAME}"}),
    Said(400, "GET", _FIRMS, {"name": f"{NAME}.{CODE}"}),
    Said(400, "GET", _FIRMS, {"or": f"(name.eq.{NAME},code.eq)"}),
    Said(400, "GET", _FIRMS, {"limit": str(NUMBER)}),
    Said(400, "POST", f"{_PERSONS}/query", json={"name": f"eq.{NAME}", "cursor": NAME}),
    Said(400, "POST", f"{_PERSONS}/query", json={"name": {"eq": NAME}}),
    Said(400, "POST", f"{_PERSONS}/query", content=f'{{"name": "eq.{NAME}", {NUMBER}'),
    Said(400, "POST", f"{_PERSONS}/lookup", json={"by": "person_no", "keys": [NAME]}),
    Said(400, "POST", f"{_PERSONS}/verify", json={"where": {"person_no": NAME}, "claims": {"name": NAME}}),
    Said(403, "GET", _FIRMS, {"remark": f"eq.{NAME}"}),
    Said(404, "GET", f"{_PERSONS}/{NUMBER}"),
    Said(405, "PATCH", f"{_PERSONS}/{NUMBER}", json={"name": NAME}),
    Said(406, "GET", _FIRMS, {"code": "eq.nobody"}, headers={"Accept": "application/vnd.pgrst.object+json"}),
    Said(416, "GET", _FIRMS, {"code": f"eq.{CODE}"}, headers={"Range": f"{NUMBER}-{CODE}"}),
)


def found_in(content: bytes) -> list[bytes]:
    """The canaries that stand in some bytes."""
    return [one for one in CANARIES if one in content]
