"""One person has one pseudonym over all datasets of a node, whatever the item is called; nobody else's key gives it."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from schemas.contracts.model import Cardinality, Contract, Item, Link
from schemas.query.bound import BoundColumn, BoundCondition, BoundGroup, Value
from schemas.query.tree import Operator
from schemas.trust.subjects import addressed, kind_of, pseudonym, reader, searched
from tests.workshop import LOANS, LOANS_1, contract, item

KEY = b"k" * 32
PERSON = "33010619950520000X"

_ID = replace(item("owner_id"), format="id-number")
_CODE = replace(item("holder_code"), format="credit-code")
_BOAT, _NAME = item("boat_no"), item("name")
_LINK = Link("boat", "boat_no", "harbour.boats", "number", Cardinality.ONE, "berths", Cardinality.MANY)


def _contract(*subjects: str, dataset: str = "harbour.berths") -> Contract:
    made = contract(dataset, 1, (_ID, _CODE, _BOAT, _NAME), ("owner_id",))
    return replace(made, subjects=subjects, links=(_LINK,))


def test_the_kind_is_the_format_else_where_the_link_leads_else_the_item_itself() -> None:
    berths = _contract("owner_id", "boat_no", "name")
    kinds = [kind_of(berths, one) for one in (_ID, _CODE, _BOAT, _NAME)]
    assert kinds == ["id-number", "credit-code", "harbour.boats.number", "harbour.berths.name"]
    boats = replace(
        _contract(dataset="harbour.boats"), items=MappingProxyType({"number": item("number")}), links=()
    )
    assert kind_of(boats, boats.items["number"]) == kinds[2], "both ends of a link name the same"


@pytest.mark.parametrize("spelt", [PERSON, PERSON.lower(), f" {PERSON} "])
def test_a_pseudonym_does_not_depend_on_how_the_number_is_spelt(spelt: str) -> None:
    assert pseudonym(KEY, ("id-number", spelt)) == pseudonym(KEY, ("id-number", PERSON))
    assert len(pseudonym(KEY, ("id-number", spelt))) == 22


def test_pseudonyms_differ_by_key_kind_and_value() -> None:
    made = {
        pseudonym(key, (kind, value))
        for key in (KEY, b"o" * 32)
        for kind in ("id-number", "credit-code")
        for value in (PERSON, "330102199003070019")
    }
    assert len(made) == 8


def test_a_reader_selects_what_it_needs_beside_the_questions_own_columns() -> None:
    berths = _contract("owner_id", "holder_code")
    made = reader(berths, (BoundColumn("shown", _NAME), BoundColumn("code", _CODE)))
    assert [one.item.name for one in made.columns] == ["name", "holder_code", "owner_id"]
    rows: list[tuple[Value, ...]] = [("A", None, "1"), ("B", "2", "3")]
    assert set(made.of(rows)) == {("id-number", "1"), ("id-number", "3"), ("credit-code", "2")}
    assert reader(_contract(), ()).columns == ()


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        (Operator.EQ, "1", ["1"]),
        (Operator.NEQ, "1", ["1"]),
        (Operator.IN, ("1", "2"), ["1", "2"]),
        (Operator.GTE, "1", ["1"]),
        (Operator.LIKE, "1", ["1"]),
        (Operator.LIKE, "1%", []),
        (Operator.ILIKE, "1_", []),
        (Operator.IS, None, []),
    ],
)
def test_every_identifier_in_a_filter_is_searched_for(
    operator: Operator, value: Value | tuple[Value, ...], found: list[str]
) -> None:
    berths = _contract()
    inner = BoundGroup(True, (BoundCondition(_ID, operator, value, negated=True),), negated=True)
    where = (BoundCondition(_NAME, Operator.EQ, "x"), inner)
    assert list(searched(berths, where)) == [("id-number", one) for one in found]


def test_an_item_of_another_form_is_searched_for_where_the_contract_calls_it_a_subject() -> None:
    where = (BoundCondition(_NAME, Operator.EQ, "x"),)
    assert list(searched(_contract("name"), where)) == [("harbour.berths.name", "x")]


def test_a_key_that_its_address_shows_is_searched_for() -> None:
    assert list(addressed(_contract(), (PERSON,))) == [("id-number", PERSON)]
    assert list(addressed(_contract(), None)) == []
    assert list(addressed(LOANS_1, ("somebody", 3))) == []
    subject: Item = LOANS_1.items["count"]
    about = replace(LOANS_1, subjects=("count",))
    assert list(addressed(about, ("somebody", 3))) == [(f"{LOANS}.{subject.name}", "3")]
