"""Record ids: a pseudonym of the key per dataset and node, or the key itself where it is public."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from schemas.query.bound import Value
from schemas.wire.record_id import record_id
from tests.schemas.query.harbour import contract, item

_PUBLIC = contract("harbour.boats", [item("a"), item("b")], key=("a", "b"))
_SECRET_KEY = replace(_PUBLIC, key_public=False)
_SECRET = b"s" * 32
_KEYS = st.tuples(st.text("a~%7E1", max_size=4), st.text("a~%7E1", max_size=4))


@given(_KEYS, _KEYS)
def test_two_records_have_two_ids(one: tuple[Value, ...], other: tuple[Value, ...]) -> None:
    for kept in (_PUBLIC, _SECRET_KEY):
        assert (record_id(kept, one, _SECRET) == record_id(kept, other, _SECRET)) == (one == other)


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
