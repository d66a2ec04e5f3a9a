"""The authority's keys: one hands over to the next, old documents stay verifiable, and a key that has handed over signs
nothing new."""

from datetime import datetime, timedelta

import pytest

from schemas.trust import keys, signed
from schemas.trust.authority import Authority, goes_on, hand_over, read_registry
from schemas.trust.signed import DocumentRefused
from tests.schemas.trust.registries import DAY, NOW, handed, registry, trusting

_FIRST, _SECOND, _THIRD, _THIEF = (keys.new_key() for _ in range(4))
_TOLD = Authority(trusting(_FIRST))
_END = NOW + 30 * DAY
_ONCE = handed(_FIRST, _SECOND, _END)


def _issued(key: keys.KeyPair, at: datetime) -> str:
    return registry(2, key, issued=at.isoformat())


def test_both_keys_sign_while_they_overlap() -> None:
    both = _TOLD.after([_ONCE])
    for key in (_FIRST, _SECOND):
        assert both.read_now(_issued(key, NOW), NOW)["number"] == 2


def test_a_key_that_handed_over_signs_nothing_issued_later_and_what_it_signed_before_stays_good() -> None:
    after = _TOLD.after([_ONCE])
    assert after.read(_issued(_FIRST, _END - DAY))["number"] == 2
    with pytest.raises(DocumentRefused, match="retired-key"):
        after.read(_issued(_FIRST, _END))


def test_whoever_has_a_key_that_handed_over_cannot_say_an_earlier_date_in_what_comes_now() -> None:
    with pytest.raises(DocumentRefused, match="retired-key"):
        _TOLD.after([_ONCE]).read_now(_issued(_FIRST, NOW), _END)


def test_a_document_without_a_date_is_not_taken_from_a_key_that_handed_over() -> None:
    text = signed.sign({"number": 2}, _FIRST)
    assert _TOLD.read(text) == {"number": 2}
    with pytest.raises(DocumentRefused, match="issued"):
        _TOLD.after([_ONCE]).read(text)


def test_keys_follow_each_other_from_any_that_was_told() -> None:
    chain = [_ONCE, handed(_SECOND, _THIRD, _END)]
    for told in (_FIRST, _SECOND, _THIRD):
        assert _THIRD.key_id in Authority(trusting(told)).after(chain).keys


def test_a_chain_from_a_key_that_was_never_told_brings_nobody_in() -> None:
    assert _TOLD.after([handed(_THIEF, _SECOND, _END)]) == _TOLD


@pytest.mark.parametrize(
    "chain",
    [
        [_ONCE, handed(_FIRST, _THIEF, _END)],
        [_ONCE, handed(_SECOND, _FIRST, _END)],
        [signed.sign({"handover": "x"}, _FIRST)],
        [signed.sign({"handover": {"key": {"id": "k", "public": "00"}, "until": _END.isoformat()}}, _FIRST)],
        [signed.sign({"handover": {"key": {"id": "k", "public": _THIRD.public_hex}}}, _FIRST)],
        [signed.sign({"number": 1}, _FIRST)],
        [hand_over(_FIRST, _SECOND.key_id, _THIRD.public_hex, _END), hand_over(_SECOND, "k", "00", _END)],
    ],
    ids=["twice", "in a circle", "no statement", "no key", "no end", "another document", "altered"],
)
def test_a_handover_that_cannot_be_is_refused(chain: list[str]) -> None:
    with pytest.raises(DocumentRefused):
        _TOLD.after(chain)


def test_a_registry_is_read_by_whoever_knows_an_earlier_key() -> None:
    chain = [_ONCE, handed(_SECOND, _THIRD, _END)]
    text = registry(9, _THIRD, authority=chain)
    for told in (_FIRST, _SECOND, _THIRD):
        assert read_registry(text, trusting(told))["number"] == 9
    with pytest.raises(DocumentRefused, match="unknown-key"):
        read_registry(text, trusting(_THIEF))


def test_a_key_cannot_give_its_id_to_anothers_key() -> None:
    both = Authority(trusting(_FIRST, _SECOND))
    with pytest.raises(DocumentRefused, match="another's"):
        both.after([hand_over(_FIRST, _SECOND.key_id, _THIEF.public_hex, _END)])


def test_handovers_are_only_added_to() -> None:
    assert goes_on(["a"], ["a", "b"])
    assert goes_on([], ["a"])
    assert not goes_on(["a"], [])
    assert not goes_on(["a", "b"], ["b", "a"])


def test_an_overlap_may_be_none() -> None:
    after = _TOLD.after([handed(_FIRST, _SECOND, NOW - timedelta(hours=2))])
    with pytest.raises(DocumentRefused, match="retired-key"):
        after.read_now(_issued(_FIRST, NOW), NOW)
    assert after.read_now(_issued(_SECOND, NOW), NOW)
