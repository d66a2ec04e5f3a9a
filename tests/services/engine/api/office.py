"""A small department made for the service's tests: its contracts as documents, its tables, its mapping."""

import sqlite3
from collections.abc import Mapping as AbstractMapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.law.identifiers import make_id_number
from schemas.query.bound import Value
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Amount, Coded, Flag, LooseDate, Text, TextTimestamp, Upper, Whole
from services.engine.mapping.model import Codec, Mapping
from services.engine.node import Department
from tests import odcs

KIND = "vehicle_office"
DIVISION = "330203"
OWNER = f"{DIVISION}.{KIND}"

_OPEN = {"open": "道路交通安全法 第九条"}
_PERSONAL = {"personal": True}
_CONDITIONAL = {"sharing": {"class": "conditional", "scope": "本市部门", "purpose": "核验"}}
_WITHHELD = {
    "sharing": {"class": "withheld", "reason": "内部备注", "legalBasis": "个人信息保护法 第二十八条"}
}

_VEHICLES: dict[str, dict[str, Any]] = {
    "plate": {"key": 1, "options": {"maxLength": 8}, **_OPEN},
    "owner_id": {"options": {"format": "id-number"}, **_CONDITIONAL, **_PERSONAL},
    "owner_code": {"options": {"format": "credit-code"}},
    "colour": {"required": True, "values": ["red", "green", "blue"], **_OPEN},
    "division": {"options": {"format": "division"}, **_OPEN},
    "price": {"type": "number", "scale": 2},
    "seats": {"type": "integer", **_OPEN},
    "registered_on": {"type": "date", **_OPEN},
    "scrapped": {"type": "boolean", **_OPEN},
    "remark": {"notFilterable": "自由文本，不作检索"},
    "secret": {**_WITHHELD},
}
_DRIVERS: dict[str, dict[str, Any]] = {
    "id_number": {"key": 1, "options": {"format": "id-number"}, **_CONDITIONAL, **_PERSONAL},
    "name": {"required": True, **_PERSONAL},
    "licence_class": {},
}
_INSPECTIONS: dict[str, dict[str, Any]] = {
    "plate": {"key": 1, **_OPEN},
    "year": {"key": 2, "type": "integer", **_OPEN},
    "passed": {"type": "boolean", **_OPEN},
}
_SUBJECTS = {"vehicles": ["owner_id", "owner_code"], "drivers": ["id_number"]}
_INSPECTIONS_2 = _INSPECTIONS | {"inspected_at": {"type": "timestamp", **_OPEN}}


def write_contracts(folder: Path) -> None:
    """The office's four contracts (one dataset in two majors) as files under `folder`."""
    for name, version, items, public in (
        ("vehicles", "1.0.0", _VEHICLES, True),
        ("drivers", "1.0.0", _DRIVERS, False),
        ("inspections", "1.0.0", _INSPECTIONS, True),
        ("inspections", "2.0.0", _INSPECTIONS_2, True),
    ):
        odcs.write(folder, _document(name, version, items, public))


def _document(name: str, version: str, items: dict[str, dict[str, Any]], public: bool) -> dict[str, Any]:
    return odcs.document(
        f"{KIND}.{name}",
        [odcs.item(item, said) for item, said in items.items()],
        provider="测试车管所",
        version=version,
        keyPublic=public,
        **({"subjects": _SUBJECTS[name]} if name in _SUBJECTS else {}),
    )


#: How many vehicles there are: plates A00, A01, …
VEHICLES = 60
_COLOURS = ("red", "green", "blue")


def owner_id(number: int) -> str:
    """The made-up ID number of a vehicle's owner."""
    return make_id_number(DIVISION, date(1980, 1, 1) + timedelta(days=number), number)


def records() -> dict[str, list[dict[str, Value]]]:
    """Every record of the office as its newest contract shows it, by dataset name."""
    vehicles: list[dict[str, Value]] = [
        {
            "plate": f"A{number:02d}",
            "owner_id": owner_id(number),
            "owner_code": None if number % 2 == 0 else "91330100MA0TEXT128",
            "colour": _COLOURS[number % 3],
            "division": DIVISION,
            "price": Decimal("100.50") + number // 3,
            "seats": 2 + number % 4,
            "registered_on": date(2020, 6, 1) + timedelta(days=number // 5) if number % 7 != 6 else None,
            "scrapped": number % 10 == 9,
            "remark": None,
            "secret": "kept by the office",
        }
        for number in range(VEHICLES)
    ]
    drivers: list[dict[str, Value]] = [
        {"id_number": owner_id(number), "name": f"司机{number}", "licence_class": "C1"}
        for number in range(12)
    ]
    inspections: list[dict[str, Value]] = [
        {
            "plate": f"A{number:02d}",
            "year": 2026,
            "passed": True,
            "inspected_at": datetime(2026, 1, 31, tzinfo=UTC),
        }
        for number in range(5)
    ]
    return {"vehicles": vehicles, "drivers": drivers, "inspections": inspections}


_VEHICLE_TABLE = table(
    "cl_jdcxx",
    key="hphm",
    text="hphm syr_sfzh syr_xydm csys xzqh gmjg djrq sfbf bz nbbz",
    indexes=("csys", "zws"),
    typed={"zws": "integer"},
)
_DRIVER_TABLE = table("jsr_jbxx", key="sfzh", text="sfzh xm zjcx")
_INSPECTION_TABLE = table(
    "cl_jyxx", key="hphm nd", text="hphm nd jysj", indexes=("nd",), typed={"jyhg": "boolean"}
)
_VEHICLE_COLUMNS: dict[str, tuple[str, Codec]] = {
    "plate": ("hphm", Text()),
    "owner_id": ("syr_sfzh", Upper()),
    "owner_code": ("syr_xydm", Upper()),
    "colour": ("csys", Coded({"A": "red", "B": "green", "C": "blue"})),
    "division": ("xzqh", Text()),
    "price": ("gmjg", Amount(2, text=True)),
    "seats": ("zws", Whole(text=False)),
    "registered_on": ("djrq", LooseDate()),
    "scrapped": ("sfbf", Flag(true=("1",), false=("0",))),
    "remark": ("bz", Text()),
    "secret": ("nbbz", Text()),
}
_DRIVER_COLUMNS: dict[str, tuple[str, Codec]] = {
    "id_number": ("sfzh", Upper()),
    "name": ("xm", Text()),
    "licence_class": ("zjcx", Text()),
}
_INSPECTION_COLUMNS: dict[str, tuple[str, Codec]] = {
    "plate": ("hphm", Text()),
    "year": ("nd", Whole(text=True)),
    "passed": ("jyhg", Flag(true=(True,), false=(False,))),
    "inspected_at": ("jysj", TextTimestamp()),
}


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """The office's tables as its contracts show them."""

    def of(name: str, major: int = 1) -> Any:
        return catalogue.contract(f"{KIND}.{name}", major)

    first = {name: one for name, one in _INSPECTION_COLUMNS.items() if name != "inspected_at"}
    return (
        mapping(of("vehicles"), _VEHICLE_TABLE, _VEHICLE_COLUMNS),
        mapping(of("drivers"), _DRIVER_TABLE, _DRIVER_COLUMNS),
        mapping(of("inspections"), _INSPECTION_TABLE, first),
        mapping(of("inspections", 2), _INSPECTION_TABLE, _INSPECTION_COLUMNS),
    )


DEPARTMENT = Department(KIND, mappings)


def make_database(file: Path) -> None:
    """The office's tables in a new SQLite file, with every record, spelt as its programs spell it."""
    said = records()
    with closing(sqlite3.connect(file)) as connection, connection:
        for made, columns, name in (
            (_VEHICLE_TABLE, _VEHICLE_COLUMNS, "vehicles"),
            (_DRIVER_TABLE, _DRIVER_COLUMNS, "drivers"),
            (_INSPECTION_TABLE, _INSPECTION_COLUMNS, "inspections"),
        ):
            typed = ", ".join(f"{column} {sql_type}" for column, sql_type in made.columns.items())
            connection.execute(f"CREATE TABLE {made.name} ({typed}, PRIMARY KEY ({', '.join(made.key)}))")
            for index in made.indexes:
                connection.execute(
                    f"CREATE INDEX ix_{made.name}_{index[0]} ON {made.name} ({', '.join(index)})"
                )
            for record in said[name]:
                row = _spelt(columns, record)
                places = ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO {made.name} ({', '.join(row)}) VALUES ({places})", list(row.values())
                )


def _spelt(columns: AbstractMapping[str, tuple[str, Codec]], record: dict[str, Value]) -> dict[str, object]:
    """The last of a value's spellings, which is the odd one where there are several."""
    row: dict[str, object] = {}
    for item, (column, codec) in columns.items():
        spellings = codec.spellings(record[item])
        row[column] = spellings[-1] if spellings else codec.encode(record[item])
    return row
