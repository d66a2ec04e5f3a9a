"""The authority's keys: one hands over to the next, old documents stay verifiable, and a key that has handed over signs
nothing new."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from schemas.trust import keys, signed
from schemas.trust.authority import Authority, goes_on, hand_over, read_registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.suites import ED25519, Suite
from tests.schemas.trust.registries import DAY, NOW, handed, registry, trusting
from tests.suites import by_each_suite

_END = NOW + 30 * DAY


class Keys:
    """Keys of one suite, but for the third, which so may follow a key of another; `told` knows the first alone, and
    by `once` that handed over to the second."""

    def __init__(self, suite: Suite) -> None:
        self.first, self.second, self.thief = (keys.new_key(suite) for _ in range(3))
        self.third = keys.new_key(ED25519)
        self.told = Authority(trusting(self.first))
        self.once = handed(self.first, self.second, _END)


@pytest.fixture(scope="module")
def succession(request: pytest.FixtureRequest) -> Keys:
    return Keys(request.param)


_by_each_suite = by_each_suite("succession")


def _issued(key: keys.KeyPair, at: datetime) -> str:
    return registry(2, key, issued=at.isoformat())


@_by_each_suite
def test_both_keys_sign_while_they_overlap(succession: Keys) -> None:
    both = succession.told.after([succession.once])
    for key in (succession.first, succession.second):
        assert both.read_now(_issued(key, NOW), NOW)["number"] == 2


@_by_each_suite
def test_a_key_that_handed_over_signs_nothing_issued_later_and_what_it_signed_before_stays_good(
    succession: Keys,
) -> None:
    after = succession.told.after([succession.once])
    assert after.read(_issued(succession.first, _END - DAY))["number"] == 2
    with pytest.raises(DocumentRefused, match="retired-key"):
        after.read(_issued(succession.first, _END))


@_by_each_suite
def test_whoever_has_a_key_that_handed_over_cannot_say_an_earlier_date_in_what_comes_now(
    succession: Keys,
) -> None:
    with pytest.raises(DocumentRefused, match="retired-key"):
        succession.told.after([succession.once]).read_now(_issued(succession.first, NOW), _END)


@_by_each_suite
def test_a_document_without_a_date_is_not_taken_from_a_key_that_handed_over(succession: Keys) -> None:
    text = signed.sign({"number": 2}, succession.first)
    assert succession.told.read(text) == {"number": 2}
    with pytest.raises(DocumentRefused, match="issued"):
        succession.told.after([succession.once]).read(text)


@_by_each_suite
def test_keys_follow_each_other_from_any_that_was_told(succession: Keys) -> None:
    chain = [succession.once, handed(succession.second, succession.third, _END)]
    for told in (succession.first, succession.second, succession.third):
        assert succession.third.key_id in Authority(trusting(told)).after(chain).keys


@_by_each_suite
def test_a_chain_from_a_key_that_was_never_told_brings_nobody_in(succession: Keys) -> None:
    assert succession.told.after([handed(succession.thief, succession.second, _END)]) == succession.told


def _by_another(by: Keys) -> str:
    """The handover under a signature that is another key's."""
    said, _, _ = by.once.rpartition(".")
    return f"{said}.{handed(by.thief, by.second, _END).rpartition('.')[2]}"


_IMPOSSIBLE: dict[str, Callable[[Keys], list[str]]] = {
    "twice": lambda by: [by.once, handed(by.first, by.thief, _END)],
    "in a circle": lambda by: [by.once, handed(by.second, by.first, _END)],
    "no statement": lambda by: [signed.sign({"handover": "x"}, by.first)],
    "no key": lambda by: [
        signed.sign({"handover": {"key": {"id": "k", "public": "00"}, "until": _END.isoformat()}}, by.first)
    ],
    "no end": lambda by: [
        signed.sign({"handover": {"key": {"id": "k", "public": by.third.public_hex}}}, by.first)
    ],
    "another's signature": lambda by: [_by_another(by)],
    "another document": lambda by: [signed.sign({"number": 1}, by.first)],
    "altered": lambda by: [
        hand_over(by.first, by.second.key_id, by.third.public_hex, _END),
        hand_over(by.second, "k", "00", _END),
    ],
}


@_by_each_suite
@pytest.mark.parametrize("what", _IMPOSSIBLE)
def test_a_handover_that_cannot_be_is_refused(what: str, succession: Keys) -> None:
    with pytest.raises(DocumentRefused):
        succession.told.after(_IMPOSSIBLE[what](succession))


@_by_each_suite
def test_a_registry_is_read_by_whoever_knows_an_earlier_key(succession: Keys) -> None:
    chain = [succession.once, handed(succession.second, succession.third, _END)]
    text = registry(9, succession.third, authority=chain)
    for told in (succession.first, succession.second, succession.third):
        assert read_registry(text, trusting(told))["number"] == 9
    with pytest.raises(DocumentRefused, match="unknown-key"):
        read_registry(text, trusting(succession.thief))


@_by_each_suite
def test_a_key_cannot_give_its_id_to_anothers_key(succession: Keys) -> None:
    both = Authority(trusting(succession.first, succession.second))
    with pytest.raises(DocumentRefused, match="another's"):
        both.after([hand_over(succession.first, succession.second.key_id, succession.thief.public_hex, _END)])


def test_handovers_are_only_added_to() -> None:
    assert goes_on(["a"], ["a", "b"])
    assert goes_on([], ["a"])
    assert not goes_on(["a"], [])
    assert not goes_on(["a", "b"], ["b", "a"])


@_by_each_suite
def test_an_overlap_may_be_none(succession: Keys) -> None:
    after = succession.told.after([handed(succession.first, succession.second, NOW - timedelta(hours=2))])
    with pytest.raises(DocumentRefused, match="retired-key"):
        after.read_now(_issued(succession.first, NOW), NOW)
    assert after.read_now(_issued(succession.second, NOW), NOW)
