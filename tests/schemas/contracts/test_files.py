"""The contracts that the project ships: what the seven kinds of department promise."""

from collections import Counter

import pytest

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import document_of, files, load_all, load_document, load_file
from schemas.contracts.model import Cardinality, Contract, SharingClass

_CONTRACTS = load_all()
_KINDS = {contract.kind for contract in _CONTRACTS}
_IDS = [f"{contract.dataset} {contract.major}" for contract in _CONTRACTS]


def test_seven_kinds_of_department_promise_at_least_fourteen_datasets() -> None:
    assert {
        "public_security",
        "civil_affairs",
        "market_regulation",
        "taxation",
        "human_resources",
        "credit",
        "natural_resources",
    } <= _KINDS
    assert len({contract.dataset for contract in _CONTRACTS}) >= 14


def test_one_dataset_is_promised_in_two_majors() -> None:
    majors = Counter(contract.dataset for contract in _CONTRACTS)
    assert 2 in majors.values()


def test_all_sharing_classes_and_open_and_personal_items_occur() -> None:
    items = [item for contract in _CONTRACTS for item in contract.items.values()]
    assert {item.sharing.sharing_class for item in items} == set(SharingClass)
    assert any(item.open for item in items)
    assert any(item.personal for item in items)


@pytest.mark.parametrize("contract", _CONTRACTS, ids=_IDS)
def test_a_contract_stands_in_the_file_of_its_kind_dataset_and_major(contract: Contract) -> None:
    names = {path.name: path for path in files(contract.kind)}
    path = names[f"{contract.name}.v{contract.major}.odcs.yaml"]
    assert load_file(path) == contract
    assert document_of(path)["id"] == f"urn:langqiao:contract:{contract.dataset}:{contract.major}"


@pytest.mark.parametrize("contract", _CONTRACTS, ids=_IDS)
def test_a_contract_is_the_same_by_file_and_by_wire(contract: Contract) -> None:
    path = next(path for path in files(contract.kind) if load_file(path) == contract)
    assert load_document(document_of(path)) == contract


@pytest.mark.parametrize("contract", _CONTRACTS, ids=_IDS)
def test_everything_that_a_reader_asks_for_is_stated(contract: Contract) -> None:
    stated = (
        "title_zh",
        "title_en",
        "legal_basis",
        "source_department",
        "service_level",
        "retention",
        "subjects",
    )
    assert [name for name in stated if not getattr(contract, name)] == []
    assert [name for name, item in contract.items.items() if not item.title_en] == []


@pytest.mark.parametrize("contract", _CONTRACTS, ids=_IDS)
def test_an_item_that_names_a_person_is_personal(contract: Contract) -> None:
    numbers = [item for item in contract.items.values() if item.format == "id-number"]
    assert [item.name for item in numbers if not item.personal] == []


def test_links_lead_to_datasets_that_are_there_and_back() -> None:
    catalogue = Catalogue(_CONTRACTS)
    for contract in _CONTRACTS:
        for name, link in catalogue.links(contract.dataset).items():
            back = catalogue.links(link.target)[link.reverse]
            assert (back.target, back.reverse, back.item) == (contract.dataset, name, link.target_item)


def test_links_cross_departments_over_id_number_and_credit_code() -> None:
    formats = {
        contract.items[link.item].format
        for contract in _CONTRACTS
        for link in contract.links
        if not link.target.startswith(f"{contract.kind}.")
    }
    assert {"id-number", "credit-code"} <= formats


def test_a_link_meets_one_record_only_where_the_item_is_unique() -> None:
    catalogue = Catalogue(_CONTRACTS)
    for contract in _CONTRACTS:
        for link in catalogue.links(contract.dataset).values():
            if link.cardinality is Cardinality.ONE:
                target = catalogue.contract(link.target)
                assert target.items[link.target_item].unique, f"{contract.dataset} {link.name}"
