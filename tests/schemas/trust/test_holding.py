"""The registry as it is held: what a text that comes makes of it, and each reason for which it stays as it is."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.trust import keys, signed
from schemas.trust.holding import Held, kept, nothing, taken
from schemas.trust.signed import DocumentRefused
from tests.schemas.trust.registries import (
    DAY,
    NOW,
    document,
    handed,
    registrar,
    registry,
    trusting,
    word,
)

_AUTHORITY, _NEXT, _OTHER, _REGISTRAR = (keys.new_key() for _ in range(4))
_NOTHING = nothing(trusting(_AUTHORITY))
_HOUR = timedelta(hours=1)
_SOON = NOW + _HOUR


def _after(*texts: str) -> Held:
    held = _NOTHING
    for text in texts:
        held = taken(held, text, NOW)
    return held


_FIFTH = _after(registry(5, _AUTHORITY))
_HANDED = [handed(_AUTHORITY, _NEXT, NOW + 30 * DAY)]


def test_before_the_first_nobody_is_a_member_and_nobody_has_said_anything() -> None:
    assert (_NOTHING.registry.number, _NOTHING.heard, _NOTHING.age_seconds(NOW)) == (0, None, None)


def test_a_newer_registry_is_taken_and_its_issue_is_a_word() -> None:
    assert (_FIFTH.registry.number, _FIFTH.age_seconds(NOW)) == (5, 3_600.0)
    assert taken(_FIFTH, registry(6, _AUTHORITY), NOW).registry.number == 6


def test_what_is_held_already_is_no_news() -> None:
    assert taken(_FIFTH, _FIFTH.text, NOW) is _FIFTH
    confirmed = taken(_FIFTH, word(5, _AUTHORITY), NOW)
    assert taken(confirmed, word(5, _AUTHORITY), NOW) is confirmed
    assert taken(confirmed, word(5, _AUTHORITY, NOW - _HOUR), NOW) is confirmed, "an old word says nothing"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("a.b.c", "malformed"),
        (registry(6, _AUTHORITY).rpartition(".")[0], "malformed"),
        (registry(6, _OTHER), "unknown-key"),
        (registry(6, keys.KeyPair(_OTHER.private, _OTHER.public_hex, _AUTHORITY.key_id)), "bad-signature"),
        (registry(4, _AUTHORITY), "older"),
        (registry(5, _AUTHORITY, members=[]), "contradicts"),
        (registry(6, _AUTHORITY, expires=NOW.isoformat()), "expired"),
        (registry(6, _AUTHORITY, issued=_SOON.isoformat()), "not-yet-valid"),
        (registry(6, _AUTHORITY, members=None), "malformed"),
        (registry(6, _AUTHORITY, authority="x"), "malformed"),
        (registry(6, _AUTHORITY, authority=[5]), "malformed"),
        (word(5, _OTHER), "unknown-key"),
        (word(5, _AUTHORITY, _SOON), "not-yet-valid"),
        (signed.sign({"current": 5}, _AUTHORITY), "malformed"),
        (signed.sign({"current": {"number": 0, "at": NOW.isoformat()}}, _AUTHORITY), "malformed"),
    ],
)
def test_what_is_refused_says_why(text: str, reason: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        taken(_FIFTH, text, NOW)
    assert refused.value.reason == reason


def test_a_word_on_the_number_in_force_renews_it_and_on_another_says_nothing() -> None:
    assert taken(_FIFTH, word(5, _AUTHORITY), NOW).age_seconds(NOW) == 0
    for number in (4, 6):
        assert taken(_FIFTH, word(number, _AUTHORITY), NOW) is _FIFTH


def test_a_word_is_gone_with_the_registry_that_it_was_on() -> None:
    confirmed = taken(_FIFTH, word(5, _AUTHORITY), NOW)
    assert taken(confirmed, registry(6, _AUTHORITY), NOW).word is None


def test_a_registrar_of_the_registry_in_force_may_confirm_it_and_no_other_system() -> None:
    listed = [*document(1)["members"], registrar(_REGISTRAR)]
    held = _after(registry(7, _AUTHORITY, members=listed))
    assert taken(held, word(7, _REGISTRAR), NOW).age_seconds(NOW) == 0
    window = [{**registrar(_REGISTRAR), "role": "system"}]
    with pytest.raises(DocumentRefused, match="unknown-key"):
        taken(_after(registry(7, _AUTHORITY, members=window)), word(7, _REGISTRAR), NOW)


def test_after_a_handover_the_next_key_signs_and_at_its_end_it_alone() -> None:
    held = _after(registry(6, _AUTHORITY, authority=_HANDED))
    by_either: Any = {"authority": _HANDED}
    assert taken(held, registry(7, _NEXT, **by_either), NOW).registry.number == 7
    assert taken(held, registry(7, _AUTHORITY, **by_either), NOW).registry.number == 7
    assert taken(held, word(6, _NEXT), NOW).age_seconds(NOW) == 0
    end = NOW + 30 * DAY
    late: Any = {**by_either, "expires": (end + DAY).isoformat()}
    assert taken(held, registry(7, _NEXT, **late), end).registry.number == 7
    for text in (registry(7, _AUTHORITY, **late), word(6, _AUTHORITY, NOW)):
        with pytest.raises(DocumentRefused, match="retired-key"):
            taken(held, text, end)


def test_a_registry_may_be_signed_by_the_key_that_it_hands_over_to() -> None:
    assert _after(registry(6, _NEXT, authority=_HANDED)).registry.number == 6


def test_a_registry_that_leaves_out_a_handover_is_refused() -> None:
    held = _after(registry(6, _AUTHORITY, authority=_HANDED))
    with pytest.raises(DocumentRefused, match="incomplete"):
        taken(held, registry(7, _AUTHORITY), NOW)


def test_what_was_kept_is_read_again_after_its_key_handed_over_and_after_it_expired() -> None:
    text = registry(6, _AUTHORITY, authority=[handed(_AUTHORITY, _NEXT, NOW)], expires=NOW.isoformat())
    assert kept(_NOTHING, text).registry.number == 6


def test_what_was_kept_may_say_nothing_of_its_issue_and_is_then_no_word() -> None:
    said = document(6)
    del said["issued"]
    assert kept(_NOTHING, signed.sign(said, _AUTHORITY)).heard is None


def test_the_same_registry_signed_anew_is_no_contradiction() -> None:
    held = _after(registry(6, _AUTHORITY, authority=_HANDED))
    assert taken(held, registry(6, _NEXT, authority=_HANDED), NOW) is held
