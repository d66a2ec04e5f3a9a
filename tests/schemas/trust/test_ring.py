"""A key file while one key follows another: which signs when, and what is no such file."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import keys
from schemas.trust.keys import BadKey
from schemas.trust.ring import read_ring, write_ring

_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_FIRST, _SECOND, _THIRD = keys.new_key(), keys.new_key(), keys.new_key()
_ALONE = read_ring(keys.write_private(_FIRST))


def test_a_file_of_one_key_is_a_ring_of_one() -> None:
    assert _ALONE.at(_NOW).key_id == _FIRST.key_id
    assert write_ring(_ALONE.keys) == keys.write_private(_FIRST)


def test_a_key_signs_from_its_moment_on() -> None:
    ring = read_ring(write_ring(_ALONE.followed(_SECOND, _NOW + _MINUTE, _NOW).keys))
    assert ring.at(_NOW).key_id == _FIRST.key_id
    assert ring.at(_NOW + _MINUTE - timedelta(microseconds=1)).key_id == _FIRST.key_id
    assert ring.at(_NOW + _MINUTE).key_id == _SECOND.key_id


def test_keys_that_sign_no_more_are_left_out_when_another_follows() -> None:
    ring = _ALONE.followed(_SECOND, _NOW + _MINUTE, _NOW)
    later = ring.followed(_THIRD, _NOW + 3 * _MINUTE, _NOW + 2 * _MINUTE)
    assert [key.key_id for _, key in later.keys] == [_SECOND.key_id, _THIRD.key_id]


def test_a_key_that_is_replaced_before_it_began_never_signs() -> None:
    ring = _ALONE.followed(_SECOND, _NOW + _MINUTE, _NOW).followed(_THIRD, _NOW + _MINUTE, _NOW)
    assert {ring.at(_NOW + at * _MINUTE).key_id for at in range(5)} == {_FIRST.key_id, _THIRD.key_id}


def test_whoever_knows_no_rings_reads_the_key_that_signs_now() -> None:
    ring = _ALONE.followed(_SECOND, _NOW + _MINUTE, _NOW)
    assert keys.read_private(write_ring(ring.keys)).key_id == _FIRST.key_id


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"nonsense",
        keys.write_private(_FIRST)[:-40],
        b"Begins: 2026-03-02T09:00:00\n" + keys.write_private(_FIRST),
        b"Begins: 2026-99-99T09:00:00+00:00\n" + keys.write_private(_FIRST),
        write_ring([(_NOW, _FIRST), (_NOW + _MINUTE, _SECOND)]).replace(b"+00:00\n", b"+00:00\n\n"),
        keys.write_private(_FIRST) + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
    ids=["empty", "nonsense", "truncated", "no-offset", "no-date", "lone-beginning", "one-key-broken"],
)
def test_what_is_no_key_file_is_refused(pem: bytes) -> None:
    with pytest.raises(BadKey):
        read_ring(pem)


def test_a_file_that_was_cut_short_is_no_file_of_the_keys_before_the_cut() -> None:
    alone = keys.write_private(_FIRST)
    whole = write_ring(_ALONE.followed(_SECOND, _NOW + _MINUTE, _NOW).keys)
    for length in range(len(alone) + 1, len(whole.rstrip())):
        with pytest.raises(BadKey):
            read_ring(whole[:length])
    assert len(read_ring(whole[: len(alone)]).keys) == 1, "a cut between two lines cannot be seen"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(pem: bytes) -> None:
    with pytest.raises(BadKey):
        read_ring(pem)
