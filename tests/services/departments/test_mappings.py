"""Every department's mapping covers its contracts, and its synthetic rows read as records that keep them."""

from collections.abc import Mapping as AbstractMapping
from datetime import date, datetime
from decimal import Decimal

import pytest

from schemas.contracts.load import document_of, files
from schemas.query.values import to_wire
from services.departments import load
from services.engine.api.validation import whole_record
from services.engine.mapping.model import Mapping
from services.engine.node import Department
from services.engine.synthetic.population import TODAY
from tests.services.departments import folder
from tests.services.departments.folder import KINDS

_PYTHON: AbstractMapping[str, type] = {
    "text": str,
    "integer": int,
    "bigint": int,
    "numeric": Decimal,
    "boolean": bool,
    "date": date,
    "timestamp": datetime,
}
_MAPPINGS = [
    pytest.param(one, id=f"{one.contract.dataset}.v{one.contract.major}")
    for kind in KINDS
    for one in folder.mappings(kind)
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_department_is_named_as_its_folder_and_maps_each_of_its_contracts_once(kind: str) -> None:
    department = load(kind, "app").DEPARTMENT
    assert isinstance(department, Department)
    assert department.kind == kind
    assert department.mappings is load(kind, "mapping").mappings
    mapped = [one.contract for one in folder.mappings(kind)]
    assert sorted(mapped, key=str) == sorted(folder.contracts(kind), key=str)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapping_stands_on_the_table_and_columns_that_the_contract_names(kind: str) -> None:
    promised = {}
    for document in map(document_of, files(kind)):
        table = document["schema"][0]
        columns = {one["name"]: one["physicalName"] for one in table["properties"]}
        promised[f"{kind}.{table['name']}", document["version"]] = (table["physicalName"], columns)
    mapped = {
        (one.contract.dataset, one.contract.version): (
            one.table.name,
            {field.item: field.column for field in one.fields.values()},
        )
        for one in folder.mappings(kind)
    }
    assert mapped == promised


@pytest.mark.parametrize("one", _MAPPINGS)
def test_key_and_links_have_an_index(one: Mapping) -> None:
    indexed = {one.table.key[0], *(index[0] for index in one.table.indexes)}
    assert {one.fields[link.item].column for link in one.contract.links} <= indexed


@pytest.mark.parametrize("one", _MAPPINGS)
def test_every_row_fits_its_table(one: Mapping) -> None:
    for row in folder.rows_of(one.contract.kind, one.table.name):
        assert row.keys() <= one.table.columns.keys()
        for column, stored in row.items():
            expected = _PYTHON[one.table.columns[column].partition("(")[0]]
            assert stored is None or type(stored) is expected, column


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_that_is_filled_is_mapped_and_every_mapped_one_is_filled(kind: str) -> None:
    assert {name for name, _ in folder.rows(kind)} == {one.table.name for one in folder.mappings(kind)}


@pytest.mark.parametrize("one", _MAPPINGS)
def test_every_record_keeps_its_contract_as_a_write_must(one: Mapping) -> None:
    records = folder.records()[one.contract.dataset, one.contract.major]
    assert records
    for record in records:
        sent = {item: to_wire(value) for item, value in record.items()}
        assert whole_record(one.contract, sent, TODAY) == record


@pytest.mark.parametrize("one", _MAPPINGS)
def test_a_record_written_back_reads_the_same(one: Mapping) -> None:
    for record in folder.records()[one.contract.dataset, one.contract.major]:
        stored = {field.column: field.codec.encode(record[field.item]) for field in one.fields.values()}
        assert folder.read(one, stored) == record


@pytest.mark.parametrize("one", _MAPPINGS)
def test_no_two_records_have_one_key(one: Mapping) -> None:
    records = folder.records()[one.contract.dataset, one.contract.major]
    keys = [tuple(record[item] for item in one.contract.key) for record in records]
    assert len(set(keys)) == len(keys)
    assert all(value is not None for key in keys for value in key)
