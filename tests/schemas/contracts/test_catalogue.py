"""The catalogue of contracts: which version is meant, and the links in both directions."""

import pytest

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.document import ContractFault
from schemas.contracts.model import Cardinality, Contract, Link
from schemas.wire.problem import Problem
from tests.schemas.contracts.making import contract

_PEOPLE = (
    ("domain: harbour", "domain: police"),
    ("- name: boats\n", "- name: people\n"),
    ("- name: number", "- name: id_number"),
)
_UNLINKED = (
    ("      - from: boats.owner_id\n        to: police.people.id_number\n", "      []\n"),
    ("        customProperties:\n          - {property: name, value: owner}\n", ""),
    ("          - {property: cardinality, value: one}\n", ""),
    (
        "          - {property: reverse, value: boats}\n          - {property: reverseCardinality, value: many}\n",
        "",
    ),
)


def _people(*edits: tuple[str, str]) -> Contract:
    return contract(*_UNLINKED, *_PEOPLE, *edits)


def test_a_link_declared_once_is_there_in_both_directions() -> None:
    catalogue = Catalogue([contract(), _people()])
    assert catalogue.links("harbour.boats")["owner"].target == "police.people"
    assert catalogue.links("police.people")["boats"] == Link(
        "boats", "id_number", "harbour.boats", "owner_id", Cardinality.MANY, "owner", Cardinality.ONE
    )


def test_a_link_to_a_dataset_that_is_not_known_here_stands_in_one_direction() -> None:
    assert set(Catalogue([contract()]).links("harbour.boats")) == {"owner"}


def test_the_lowest_major_is_meant_unless_another_is_named() -> None:
    second = contract(("version: 1.2.0", "version: 2.0.0"))
    catalogue = Catalogue([second, contract()])
    assert catalogue.contract("harbour.boats").major == 1
    assert catalogue.contract("harbour.boats", 2) is second
    assert catalogue.majors("harbour.boats") == (1, 2)
    assert catalogue.datasets() == ("harbour.boats",)


def test_an_unknown_dataset_is_told_with_the_nearest_one() -> None:
    with pytest.raises(Problem) as refused:
        Catalogue([contract()]).contract("harbour.boat")
    assert refused.value.code == "unknown-dataset"
    assert refused.value.members == {"nearest": "harbour.boats"}


@pytest.mark.parametrize("text", ["330102199003070019 <b>", "张三丰.x"])
def test_a_text_that_is_no_dataset_is_not_repeated(text: str) -> None:
    with pytest.raises(Problem) as refused:
        Catalogue([contract()]).contract(text)
    assert text[:3] not in str(refused.value.as_json())


def test_an_unknown_version_is_told_with_those_that_are_served() -> None:
    with pytest.raises(Problem) as refused:
        Catalogue([contract()]).contract("harbour.boats", 7)
    assert refused.value.code == "unknown-version"
    assert refused.value.members == {"versions": [1]}


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ((("value: boats}", "value: tonnage}"),), "bear the name tonnage"),
        (
            (("to: police.people.id_number", "to: police.people.passport"),),
            "police.people has no item passport",
        ),
        ((("to: police.people.id_number", "to: police.people.remark"),), "ends at a withheld item"),
        ((("to: police.people.id_number", "to: police.people.tonnage"),), "joins items of two types"),
    ],
)
def test_a_link_that_cannot_be_followed_is_refused(edits: tuple[tuple[str, str], ...], says: str) -> None:
    with pytest.raises(ContractFault, match=says):
        Catalogue([contract(*edits), _people()])
