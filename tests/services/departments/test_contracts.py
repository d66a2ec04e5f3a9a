"""What the departments' contracts state beyond what the loader demands of any contract."""

import re

import pytest

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import document_of, files
from schemas.contracts.model import Contract, ItemType, SharingClass
from tests.services.departments import folder
from tests.services.departments.folder import KINDS

_ALL = [one for kind in KINDS for one in folder.contracts(kind)]
_CONTRACTS = [pytest.param(one, id=f"{one.dataset}.v{one.major}") for one in _ALL]
_STATED = (
    "title_zh title_en description legal_basis provider source_department format sharing_mode conditions_of_use"
    " update_frequency service_level retention grade key subjects partitions"
).split()


@pytest.mark.parametrize("contract", _CONTRACTS)
def test_a_contract_states_everything_in_both_languages(contract: Contract) -> None:
    assert [name for name in _STATED if not getattr(contract, name)] == []
    assert [item.name for item in contract.items.values() if not (item.title_zh and item.title_en)] == []


@pytest.mark.parametrize("contract", _CONTRACTS)
def test_frequency_service_level_retention_and_grade_have_a_form_that_can_be_held_to(
    contract: Contract,
) -> None:
    assert contract.update_frequency in {"realtime", "daily", "monthly", "yearly"}
    assert re.fullmatch(r"\d+(\.\d+)?%, answers within \d+ s", contract.service_level)
    assert re.fullmatch(r"P\d+[YMD]", contract.retention)
    assert re.fullmatch(r"L[1-4]", contract.grade)


@pytest.mark.parametrize("kind", KINDS)
def test_a_contract_says_what_decides_the_division_or_that_nothing_in_a_record_does(kind: str) -> None:
    for contract, path in zip(folder.contracts(kind), files(kind), strict=True):
        divisions = [item.name for item in contract.items.values() if item.format == "division"]
        if divisions:
            assert contract.division_item in divisions
        else:
            assert "行政区划" in document_of(path)["description"]["limitations"]


@pytest.mark.parametrize("contract", _CONTRACTS)
def test_every_date_time_and_amount_filters_and_sorts(contract: Contract) -> None:
    ordered = (ItemType.DATE, ItemType.TIMESTAMP, ItemType.DECIMAL, ItemType.INTEGER)
    assert [
        item.name for item in contract.items.values() if item.type in ordered and not item.filterable
    ] == []


@pytest.mark.parametrize("contract", _CONTRACTS)
def test_what_tells_of_a_person_is_marked_and_free_only_where_the_law_opens_it(contract: Contract) -> None:
    for item in contract.items.values():
        assert item.personal or item.format != "id-number", item.name
        free = item.sharing.sharing_class is SharingClass.UNCONDITIONAL
        assert not (item.personal and free) or item.open, item.name


def test_every_link_can_be_followed_both_ways() -> None:
    catalogue = Catalogue(_ALL)
    for contract in _ALL:
        for link in contract.links:
            back = catalogue.links(link.target)[link.reverse]
            assert (back.target, back.reverse) == (contract.dataset, link.name)
            assert catalogue.contract(link.target).items[link.target_item].filterable


def test_all_sharing_classes_and_open_and_personal_items_occur() -> None:
    items = [item for contract in _ALL for item in contract.items.values()]
    assert {item.sharing.sharing_class for item in items} == set(SharingClass)
    assert any(item.open for item in items)
    assert any(item.personal for item in items)
    assert any(not item.filterable for item in items)


def test_seven_kinds_share_fourteen_datasets_one_of_them_in_two_majors() -> None:
    catalogue = Catalogue(_ALL)
    assert len({contract.kind for contract in _ALL}) >= 7
    assert len(catalogue.datasets()) >= 14
    assert any(len(catalogue.majors(dataset)) == 2 for dataset in catalogue.datasets())
