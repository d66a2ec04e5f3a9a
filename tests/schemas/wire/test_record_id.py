"""Record ids: a pseudonym of the key per dataset and node, or the key itself where it is public."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.model import ItemType
from schemas.query.bound import Value
from schemas.wire.record_id import public_key, record_id
from tests.schemas.query.harbour import contract, item

_PUBLIC = contract("harbour.boats", [item("a"), item("b")], key=("a", "b"))
_SECRET_KEY = replace(_PUBLIC, key_public=False)
_SECRET = b"s" * 32
_KEYS = st.tuples(st.text("a~%7E1", max_size=4), st.text("a~%7E1", max_size=4))


@given(_KEYS, _KEYS)
def test_two_records_have_two_ids(one: tuple[Value, ...], other: tuple[Value, ...]) -> None:
    for kept in (_PUBLIC, _SECRET_KEY):
        assert (record_id(kept, one, _SECRET) == record_id(kept, other, _SECRET)) == (one == other)


@given(_KEYS)
def test_a_public_key_is_read_back_from_its_id(key: tuple[Value, ...]) -> None:
    assert public_key(_PUBLIC, record_id(_PUBLIC, key, _SECRET)) == key


@given(st.text("a~%7E125", max_size=8))
def test_a_key_has_one_id_only(text: str) -> None:
    key = public_key(_PUBLIC, text)
    assert key is None or record_id(_PUBLIC, key, _SECRET) == text


@pytest.mark.parametrize(
    "text", ["", "7", "007~2026-05-01", "7~2026-5-1", "7~2026-05-01~", "a~2026-05-01", "\0~\ud800"]
)
def test_another_spelling_of_a_key_is_no_id(text: str) -> None:
    monthly = contract(
        "harbour.calls", [item("n", ItemType.INTEGER), item("d", ItemType.DATE)], key=("n", "d")
    )
    assert public_key(monthly, "7~2026-05-01") == (7, date(2026, 5, 1))
    assert public_key(monthly, text) is None


def test_a_public_key_is_its_own_id() -> None:
    assert (
        record_id(_PUBLIC, ("91330100MA0TEXT128", date(2026, 5, 1)), _SECRET)
        == "91330100MA0TEXT128~2026-05-01"
    )


@given(_KEYS)
def test_a_pseudonym_tells_nothing_and_stays_the_same(key: tuple[Value, ...]) -> None:
    found = record_id(_SECRET_KEY, key, _SECRET)
    assert found == record_id(_SECRET_KEY, key, _SECRET)
    assert len(found) == 32
    assert found.isalnum()
    assert found.islower()


def test_pseudonyms_of_one_key_differ_by_dataset_and_by_node() -> None:
    key = ("330102199003070019", "")
    elsewhere = replace(_SECRET_KEY, dataset="harbour.berths")
    found = {
        record_id(_SECRET_KEY, key, _SECRET),
        record_id(elsewhere, key, _SECRET),
        record_id(_SECRET_KEY, key, b"t" * 32),
        record_id(elsewhere, key, b"t" * 32),
    }
    assert len(found) == 4


def test_majors_of_one_dataset_share_their_ids() -> None:
    second = replace(_SECRET_KEY, version="2.0.0")
    assert record_id(second, ("a", "b"), _SECRET) == record_id(_SECRET_KEY, ("a", "b"), _SECRET)
