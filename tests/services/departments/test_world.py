"""The departments' synthetic rows make one world: links meet, oddities occur, and it is the same world every time."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.contracts.model import Cardinality, Contract, Link
from services.departments import kinds, load
from services.engine.mapping.codecs import Upper
from services.engine.mapping.model import Codec, Stored
from services.engine.synthetic.population import Size
from tests.services.departments import folder
from tests.services.departments.folder import KINDS

_LINKS = [
    pytest.param(contract, link, id=f"{contract.dataset}.v{contract.major}.{link.name}")
    for kind in KINDS
    for contract in folder.contracts(kind)
    for link in contract.links
]

#: What departments' real tables hold, and a stored value in which it is seen.
ODDITIES: dict[str, Callable[[Codec, Stored], bool]] = {
    "a date without leading zeros": lambda _, stored: _matches(r"\d{4}-\d-\d\d?", stored),
    "a date with leading zeros": lambda _, stored: _matches(r"\d{4}-0\d-\d\d", stored),
    "for ever": lambda _, stored: stored == "9999-9-9",
    "a date that is none": lambda _, stored: stored == "0000-00-00",
    "null as text": lambda _, stored: stored == "\\N",
    "null as null": lambda _, stored: stored is None,
    "a code in small letters": lambda codec, stored: (
        isinstance(codec, Upper) and _matches(r"\d+[a-z]+\w*", stored)
    ),
    "a code in capitals": lambda codec, stored: (
        isinstance(codec, Upper) and _matches(r"\d+[A-Z]+\w*", stored)
    ),
    "an ID number that ends in a small x": lambda _, stored: _matches(r"\d{17}x", stored),
    "a number as text": lambda _, stored: _matches(r"\d{4,6}", stored),
    "a number as text with one place": lambda _, stored: _matches(r"\d+\.\d", stored),
    "a number as text with two places": lambda _, stored: _matches(r"\d+\.\d\d", stored),
    "a time as text": lambda _, stored: _matches(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", stored),
    "two codes for one value": lambda _, stored: stored == "01",
    "a date as a date": lambda _, stored: type(stored) is date,
    "a time as a time": lambda _, stored: type(stored) is datetime,
    "a number as a number": lambda _, stored: type(stored) is int,
    "an amount as a number": lambda _, stored: type(stored) is Decimal,
}


def _matches(pattern: str, stored: Stored) -> bool:
    return isinstance(stored, str) and re.fullmatch(pattern, stored) is not None


def _stored() -> Iterator[tuple[Codec, Stored]]:
    for kind in KINDS:
        for one in folder.mappings(kind):
            for row in folder.rows_of(kind, one.table.name):
                yield from ((field.codec, row.get(field.column)) for field in one.fields.values())


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_oddities_of_real_tables_occur(oddity: str) -> None:
    assert any(ODDITIES[oddity](codec, stored) for codec, stored in _stored())


@pytest.mark.parametrize(("contract", "link"), _LINKS)
def test_most_records_meet_what_they_link_to(contract: Contract, link: Link) -> None:
    if link.target.partition(".")[0] not in KINDS:
        pytest.skip(f"{link.target} is another node's")
    targets = {
        record[link.target_item]
        for (dataset, _), found in folder.records().items()
        for record in found
        if dataset == link.target
    }
    named = [record[link.item] for record in folder.records()[contract.dataset, contract.major]]
    present = [value for value in named if value is not None]
    assert present
    assert sum(value in targets for value in present) >= 0.8 * len(present)


@pytest.mark.parametrize(("contract", "link"), _LINKS)
def test_a_link_that_meets_one_record_at_most_does_so(contract: Contract, link: Link) -> None:
    for cardinality, dataset, item in (
        (link.cardinality, link.target, link.target_item),
        (link.reverse_cardinality, contract.dataset, link.item),
    ):
        for (name, _), found in folder.records().items():
            values = [record[item] for record in found if record[item] is not None] if name == dataset else []
            assert cardinality is Cardinality.MANY or len(set(values)) == len(values)


def _digest(size: Size) -> str:
    said = hashlib.sha256()
    for kind in kinds():
        for name, row in load(kind, "seed").rows(size):
            said.update(repr((kind, name, sorted(row.items()))).encode())
    return said.hexdigest()


def test_the_rows_are_the_same_in_another_process_with_another_hash_seed() -> None:
    program = "from tests.services.departments.test_world import _digest, Size; print(_digest(Size(20, 40)))"
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == _digest(Size(20, 40))
