"""A contract in use keeps its promise: each is compared with the form in which its major was last released.

`released/` holds that form of every contract. Whoever releases a new version copies its file there; that is all that a
release of a contract is, and a review of it sees what the differences are.
"""

from pathlib import Path

import pytest

from schemas.contracts.compatibility import differences
from schemas.contracts.load import load_all
from schemas.contracts.model import Contract

_CURRENT = {(one.dataset, one.major): one for one in load_all()}
_RELEASED = {(one.dataset, one.major): one for one in load_all(Path(__file__).parent / "released")}
_MAJORS = sorted(_RELEASED)


def _numbers(contract: Contract) -> tuple[int, ...]:
    return tuple(map(int, contract.version.split(".")))


def test_every_contract_in_use_has_been_released() -> None:
    assert sorted(_CURRENT.keys() - _RELEASED.keys()) == []


def test_no_released_major_has_been_taken_back() -> None:
    assert sorted(_RELEASED.keys() - _CURRENT.keys()) == []


@pytest.mark.parametrize("major", _MAJORS, ids=[f"{dataset} {number}" for dataset, number in _MAJORS])
def test_nothing_that_breaks_its_users_changes_inside_a_major(major: tuple[str, int]) -> None:
    found = differences(_RELEASED[major], _CURRENT[major])
    assert [f"{one.item}: {one.text}" for one in found if one.breaking] == []


@pytest.mark.parametrize("major", _MAJORS, ids=[f"{dataset} {number}" for dataset, number in _MAJORS])
def test_whatever_changes_raises_the_version(major: tuple[str, int]) -> None:
    released, current = _RELEASED[major], _CURRENT[major]
    changed = [f"{one.item}: {one.text}" for one in differences(released, current)]
    assert changed == [] or _numbers(current) > _numbers(released)
    assert _numbers(current) >= _numbers(released)


def test_two_majors_of_a_dataset_differ_in_what_breaks_users_and_share_their_records() -> None:
    for (dataset, major), newer in _CURRENT.items():
        older = _CURRENT.get((dataset, major - 1))
        if older is not None:
            found = [one for one in differences(older, newer) if one.breaking]
            assert found != [], f"{dataset}: a new major that breaks nothing is a minor"
            assert (older.key, older.key_public) == (newer.key, newer.key_public)
