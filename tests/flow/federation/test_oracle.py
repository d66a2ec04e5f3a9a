"""The oracle by itself: questions whose answers can be told by hand."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from schemas.query.bound import Value
from schemas.query.parse import parse_params
from tests.flow.federation.county import DATASETS
from tests.flow.federation.one_database import OneDatabase
from tests.flow.federation.records import Contents, Record

_FIRMS: tuple[dict[str, Value], ...] = (
    {"code": "91A0", "name": "a", "staff": 9, "capital": Decimal("9.5"), "parent_code": None, "active": True},
    {"code": "91A1", "name": "B", "staff": 10, "capital": Decimal("10"), "parent_code": "91A0", "active": False},
    {"code": "91A2", "name": "é", "founded_on": date(2020, 6, 18), "parent_code": "91A0"},
    {"code": "91B0", "name": None, "parent_code": "91C9", "changed_at": datetime(2020, 6, 18, 0, 0, 0, 5, UTC)},
)  # fmt: skip
_PERMITS: tuple[dict[str, Value], ...] = (
    {"firm_code": "91A0", "permit_no": "1", "fee": Decimal("3")},
    {"firm_code": "91A0", "permit_no": "2", "fee": Decimal("2")},
    {"firm_code": "91A0", "permit_no": "3", "fee": None},
    {"firm_code": "91A1", "permit_no": "1", "fee": Decimal("1")},
    {"firm_code": "91C2", "permit_no": "9", "fee": Decimal("1")},
)
_VISITS: tuple[dict[str, Value], ...] = (
    {"visit_no": 1, "permit_no": "1"},
    {"visit_no": 2, "permit_no": "1"},
    {"visit_no": 3, "permit_no": None},
)
_COUNTY = {"trade_office.firms": _FIRMS, "permit_office.permits": _PERMITS, "permit_office.visits": _VISITS}


def _contents() -> Contents:
    return {
        name: [
            Record({item: row.get(item) for item in DATASETS[name].items}, {})
            for row in _COUNTY.get(name, ())
        ]
        for name in DATASETS
    }


def _of(item: str, words: str) -> list[dict[str, Any]]:
    return [{item: word} for word in words.split()]


def _codes(words: str) -> list[dict[str, Any]]:
    return _of("code", words)


#: Question over firms, its rows, and how many there are without limit and offset.
_CASES: tuple[tuple[str, list[dict[str, Any]], int], ...] = (
    ("select=code&order=name", _codes("91A1 91A0 91A2 91B0"), 4),
    ("select=code&order=name.desc", _codes("91B0 91A2 91A0 91A1"), 4),
    ("select=code&order=name.desc.nullslast", _codes("91A2 91A0 91A1 91B0"), 4),
    ("select=code&order=name.nullsfirst&limit=2&offset=1", _codes("91A1 91A0"), 4),
    ("select=code&order=active,code.desc", _codes("91A1 91A0 91B0 91A2"), 4),
    ("select=code&order=active.desc", _codes("91A2 91B0 91A0 91A1"), 4),
    ("select=code&limit=0", [], 4),
    ("select=code&name=neq.a", _codes("91A1 91A2"), 2),
    ("select=code&name=not.eq.a", _codes("91A1 91A2"), 2),
    ("select=code&staff=in.()", [], 0),
    ("select=code&staff=not.in.()", _codes("91A0 91A1 91A2 91B0"), 4),
    ("select=code&staff=not.in.(9)", _codes("91A1"), 1),
    ("select=code&staff=lt.10", _codes("91A0"), 1),
    ("select=code&capital=eq.9.500", _codes("91A0"), 1),
    ("select=code&or=(staff.gt.9,name.is.null)", _codes("91A1 91B0"), 2),
    ("select=code&not.and=(staff.gte.9,active.is.true)", _codes("91A1 91A2 91B0"), 3),
    ("select=code&active=is.unknown", _codes("91A2 91B0"), 2),
    ("select=code&active=not.is.true", _codes("91A1 91A2 91B0"), 3),
    ("select=code&name=like.*", _codes("91A0 91A1 91A2"), 3),
    ("select=code&name=like._", _codes("91A0 91A1 91A2"), 3),
    ("select=code&name=ilike.b", _codes("91A1"), 1),
    ("select=code&name=ilike.É", [], 0),
    (
        "select=*,n:name&code=eq.91A1",
        [
            {
                "code": "91A1",
                "name": "B",
                "staff": 10,
                "capital": "10.00",
                "founded_on": None,
                "active": False,
                "colour": None,
                "parent_code": "91A0",
                "changed_at": None,
                "n": "B",
            }
        ],
        1,
    ),
    ("select=founded_on&code=eq.91A2", [{"founded_on": "2020-06-18"}], 1),
    ("select=changed_at&code=eq.91B0", [{"changed_at": "2020-06-18T00:00:00.000005Z"}], 1),
    (
        "select=code,permits(permit_no)&permits.order=fee&code=in.(91A0,91A2)",
        [{"code": "91A0", "permits": _of("permit_no", "2 1 3")}, {"code": "91A2", "permits": []}],
        2,
    ),
    (
        "select=code,p:permits(permit_no)&p.limit=1&p.offset=1&code=lt.91A2",
        [{"code": "91A0", "p": _of("permit_no", "2")}, {"code": "91A1", "p": []}],
        2,
    ),
    (
        "select=code,permits!inner(permit_no)&permits.fee=lt.3",
        [
            {"code": "91A0", "permits": _of("permit_no", "2")},
            {"code": "91A1", "permits": _of("permit_no", "1")},
        ],
        2,
    ),
    (
        "select=code,permits!inner(permit_no)&permits.offset=1",
        [{"code": "91A0", "permits": _of("permit_no", "2 3")}],
        1,
    ),
    ("select=code,permits!inner(permit_no)&permits.limit=0", [], 0),
    (
        "select=code,permits(permit_no,visits!inner(visit_no))&code=in.(91A0,91B0)&permits.visits.offset=1",
        [
            {"code": "91A0", "permits": [{"permit_no": "1", "visits": [{"visit_no": 2}]}]},
            {"code": "91B0", "permits": []},
        ],
        2,
    ),
    (
        "select=code,permits!inner(visits!inner(visit_no))&permits.visits.visit_no=eq.2&order=code.desc",
        [
            {"code": "91A1", "permits": [{"visits": [{"visit_no": 2}]}]},
            {"code": "91A0", "permits": [{"visits": [{"visit_no": 2}]}]},
        ],
        2,
    ),
    (
        "select=code,parent(name)",
        [
            {"code": "91A0", "parent": None},
            {"code": "91A1", "parent": {"name": "a"}},
            {"code": "91A2", "parent": {"name": "a"}},
            {"code": "91B0", "parent": None},
        ],
        4,
    ),
    (
        "select=code,parent!inner(code)&parent.name=eq.a&limit=1",
        [{"code": "91A1", "parent": {"code": "91A0"}}],
        2,
    ),
    (
        "select=code,branches(code,parent(name))&code=eq.91A0",
        [
            {
                "code": "91A0",
                "branches": [
                    {"code": "91A1", "parent": {"name": "a"}},
                    {"code": "91A2", "parent": {"name": "a"}},
                ],
            }
        ],
        1,
    ),
)


@pytest.fixture(scope="module")
def loaded(runner: asyncio.Runner, one_database: OneDatabase) -> OneDatabase:
    runner.run(one_database.load(_contents()))
    return one_database


@pytest.mark.parametrize(("question", "rows", "total"), _CASES, ids=[case[0] for case in _CASES])
def test_one_database_answers_as_a_person_would(
    runner: asyncio.Runner, loaded: OneDatabase, question: str, rows: list[dict[str, Any]], total: int
) -> None:
    query = parse_params(parse_qsl(question))
    answer = runner.run(loaded.answer("trade_office.firms", query))
    assert answer.rows == rows
    assert answer.total == total


def test_two_datasets_meet_many_to_many(runner: asyncio.Runner, loaded: OneDatabase) -> None:
    query = parse_params([("select", "visit_no,permits(firm_code)")])
    answer = runner.run(loaded.answer("permit_office.visits", query))
    both = _of("firm_code", "91A0 91A1")
    assert answer.rows == [
        {"visit_no": 1, "permits": both},
        {"visit_no": 2, "permits": both},
        {"visit_no": 3, "permits": []},
    ]
