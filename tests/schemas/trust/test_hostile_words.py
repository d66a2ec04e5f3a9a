"""Whatever comes as a word on a registry, as a body that hands one on, or as the answer to it, it is read or refused as
one, and what is held stays as it was unless who may said otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.trust import handing, keys, signed
from schemas.trust.holding import LARGEST_BYTES, Held, nothing, taken
from schemas.trust.signed import DocumentRefused
from schemas.trust.word import LEEWAY
from schemas.wire.problem import Problem
from tests.ends import ends
from tests.schemas.trust.anything import DEEP, JSON, MOMENTS, altered, compact, damaged, head
from tests.schemas.trust.registries import DAY, NOW, document, handed, registrar, registry, trusting, word

#: Half of what a test gets elsewhere: there are many of these.
_few = settings(max_examples=settings().max_examples // 2)
_AUTHORITY, _NEXT, _REGISTRAR, _OTHER = (keys.new_key() for _ in range(4))
_NUMBER = 5
_REGISTRY = registry(
    _NUMBER,
    _AUTHORITY,
    members=[*document(_NUMBER)["members"], registrar(_REGISTRAR)],
    authority=[handed(_AUTHORITY, _NEXT, NOW + DAY)],
)
_HELD = taken(nothing(trusting(_AUTHORITY)), _REGISTRY, NOW)
#: Whose word counts: the authority, whoever it handed over to, and a registrar.
_MAY = (_AUTHORITY, _NEXT, _REGISTRAR)
_WORDS = [word(_NUMBER, one) for one in _MAY]
_REASONS = {
    "malformed",
    "unknown-key",
    "bad-signature",
    "not-yet-valid",
    "older",
    "contradicts",
    "incomplete",
}


def _taken(text: str) -> Held:
    """What is held after a text; the same as before where it is refused, for a stable reason."""
    with ends():
        try:
            return taken(_HELD, text, NOW)
        except DocumentRefused as refused:
            reason = refused.reason
    assert reason in _REASONS
    return _HELD


def _says_nothing_else(held: Held) -> None:
    """Nothing has come but, at most, one of the words as it was given."""
    assert (held.registry, held.text) == (_HELD.registry, _HELD.text)
    assert held.word is None or (held.word.number, held.word.at) == (_NUMBER, NOW)


def _by_hand(said: object, key: keys.KeyPair) -> str | None:
    """A document that says anything; None: it cannot be written."""
    try:
        return compact(head(key), orjson.dumps(said), key)
    except TypeError:
        return None


@pytest.mark.parametrize("text", _WORDS, ids=["authority", "next", "registrar"])
def test_the_word_of_whoever_may_give_it_is_taken(text: str) -> None:
    assert _taken(text).word is not None


@_few
@given(st.data())
def test_a_word_or_registry_that_was_damaged_or_altered_changes_nothing(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([*_WORDS, registry(6, _OTHER), registry(4, _AUTHORITY)]))
    _says_nothing_else(_taken(data.draw(damaged(whole) | altered(whole) | st.text())))


@_few
@given(st.sampled_from(_MAY), JSON | st.fixed_dictionaries({"current": JSON}))
def test_anything_that_they_sign_is_a_word_or_refused(key: keys.KeyPair, said: object) -> None:
    text = _by_hand(said, key)
    assert text is None or _taken(text) is _HELD


@_few
@given(st.sampled_from(_MAY), st.sampled_from(["number", "at", "further"]), JSON | MOMENTS)
def test_any_member_of_a_word_is_read_or_refused(key: keys.KeyPair, name: str, value: object) -> None:
    text = _by_hand({"current": {"number": _NUMBER, "at": NOW.isoformat(), name: value}}, key)
    if text is None:
        return
    held = _taken(text)
    assert held.word is None or held.word.number == _NUMBER
    assert held.word is None or held.word.at <= NOW + LEEWAY, "no word is of a time to come"


@_few
@given(st.dictionaries(st.sampled_from(["number", "issued", "expires", "members", "authority", "x"]), JSON))
def test_a_word_is_no_other_statement_beside(said: dict[str, Any]) -> None:
    text = _by_hand(said | {"current": {"number": _NUMBER, "at": NOW.isoformat()}}, _REGISTRAR)
    assert text is None or not said or _taken(text) is _HELD


@_few
@given(DEEP, st.sampled_from(_MAY))
def test_a_word_nested_without_end_is_refused(deep: bytes, key: keys.KeyPair) -> None:
    for body in (deep, b'{"current":%b}' % deep, b'{"current":{"number":%b}}' % deep):
        assert _taken(compact(head(key), body, key)) is _HELD
    nested = b'{"alg":"EdDSA","kid":"%b","x":%b}' % (key.key_id.encode(), deep)
    assert _taken(compact(nested, b"{}", key)) is _HELD


@_few
@given(st.timedeltas(-DAY, 3 * DAY), st.timedeltas(-DAY, 3 * DAY))
def test_a_key_that_has_handed_over_gives_no_word_whatever_its_date(now: timedelta, at: timedelta) -> None:
    with suppress(DocumentRefused):
        taken(_HELD, word(_NUMBER, _AUTHORITY, NOW + at), NOW + now)
        assert max(now, at) < DAY


@_few
@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode) | damaged(_WORDS[0]).map(str.encode))
def test_any_body_holds_a_signed_text_or_is_refused(body: bytes) -> None:
    with ends():
        try:
            text = handing.text_of(body)
        except DocumentRefused as refused:
            assert refused.reason == "malformed"  # noqa: PT017
            return
    assert body.decode().strip() == text
    _says_nothing_else(_taken(text))


@_few
@given(st.lists(st.binary(max_size=9), max_size=4), st.integers(-2, 2))
def test_a_body_is_read_up_to_its_bound_however_it_comes(parts: list[bytes], beyond: int) -> None:
    filled = LARGEST_BYTES + beyond - sum(map(len, parts))

    async def coming() -> AsyncIterator[bytes]:
        for part in (*parts, bytes(filled)):
            yield part

    with ends():
        try:
            found = asyncio.run(handing.read(coming()))
        except Problem as problem:
            assert (problem.code, beyond > 0) == ("too-large", True)  # noqa: PT017
        else:
            assert (len(found), beyond > 0) == (LARGEST_BYTES + beyond, False)


@_few
@given(st.binary(max_size=60) | DEEP | JSON.map(lambda said: repr(said).encode()))
def test_any_answer_says_a_number_or_none(body: bytes) -> None:
    with ends():
        assert type(handing.number_in(body)) in (int, type(None))


@_few
@given(JSON)
def test_any_number_in_an_answer_is_a_whole_one_or_none(number: object) -> None:
    with suppress(TypeError):  # A number too large to be written is none that can come.
        found = handing.number_in(orjson.dumps({"number": number, "heard": None}))
        assert found == (number if type(number) is int else None)


@_few
@given(st.data())
def test_whatever_is_refused_is_answered_by_its_reason_alone(data: st.DataObject) -> None:
    text = data.draw(damaged(_REGISTRY) | st.sampled_from([registry(4, _AUTHORITY), registry(5, _NEXT)]))
    try:
        assert handing.number_in(handing.answer(taken(_HELD, text, NOW))) == _NUMBER
    except DocumentRefused as refused:
        problem = handing.refusal(refused, _HELD)
        beaten = refused.reason in ("older", "contradicts")
        assert problem.code == ("registry-older" if beaten else "bad-registry")
        assert problem.members == {"reason": refused.reason, "number": _NUMBER}  # noqa: PT017
        assert signed.key_id_of(text) not in problem.body().decode() or not signed.key_id_of(text)
