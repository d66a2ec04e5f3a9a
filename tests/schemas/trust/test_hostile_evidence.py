"""Whatever comes as a file of evidence, it is read or refused as one, and judged to its end, soon; nothing in it can be
altered so that it still holds and means something else."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.trust import evidence_answer, evidence_chunks
from schemas.trust.evidence import BadPart, Part, read_part
from schemas.trust.evidence_answer import AnswerRefused, sign
from schemas.trust.evidence_chunks import ChunksRefused
from schemas.trust.evidence_judged import Judged, judge
from schemas.trust.evidence_time import TimeToken, TokenRefused, token_of
from schemas.trust.evidence_time import check as check_token
from schemas.trust.keys import KeyPair
from schemas.trust.suites import SM2
from tests.ends import ends
from tests.schemas.trust.anything import DEEP, JSON, altered, compact, damaged, head
from tests.schemas.trust.kept import NODE, Town

#: Half of what a test gets elsewhere: there are many of these.
_few = settings(max_examples=settings().max_examples // 2)
_TOWN = Town()
_HISTORY = _TOWN.history()
_WHOLE = {
    "answer": _TOWN.answer(),
    "stream": _TOWN.stream(),
    "get": _TOWN.answer(method="GET", query="limit=1"),
}
#: What may stand in questions and answers, and in no judgement.
_PERSONAL = "张三 330102199003070019"
_REASONS = {"malformed", "unknown-key", "bad-signature"}
_PLACES = st.sampled_from(
    [
        ("node",),
        ("question",),
        ("answer",),
        ("tokens",),
        *(("question", name) for name in ("method", "path", "query", "headers", "body")),
        *(("answer", name) for name in ("status", "headers", "body")),
    ]
)
_KINDS = st.sampled_from(sorted(_WHOLE))


def _read(said: object) -> Part | None:
    with ends():
        try:
            return read_part(said)
        except BadPart as refused:
            told = str(refused)
    assert _PERSONAL not in told
    return None


def _judged(one: Part) -> Judged:
    """Judged, and told without a value of what was asked or answered."""
    with ends():
        found = judge(one, _HISTORY)
    assert _PERSONAL not in repr(found)
    return found


def _document(kind: str) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(orjson.dumps(_WHOLE[kind].document()))
    return said


def _put(said: dict[str, Any], way: tuple[str, ...], value: object) -> dict[str, Any]:
    *above, last = way
    within = said
    for name in above:
        within = within[name]
    within[last] = value
    return said


@pytest.mark.parametrize("kind", _WHOLE)
def test_what_is_whole_holds(kind: str) -> None:
    found = _read(_document(kind))
    assert found is not None
    assert _judged(found).holds


@_few
@given(JSON)
def test_anything_is_a_part_or_none(said: object) -> None:
    assert _read(said) is None


@_few
@given(_KINDS, _PLACES, JSON | st.just(_PERSONAL))
def test_any_value_at_any_place_is_read_or_refused_and_judged(
    kind: str, way: tuple[str, ...], value: object
) -> None:
    found = _read(_put(_document(kind), way, value))
    if found is not None:
        _judged(found)


@_few
@given(_KINDS, st.sampled_from(["question", "answer"]), st.data())
def test_any_header_is_judged(kind: str, side: str, data: st.DataObject) -> None:
    said = _document(kind)
    name = data.draw(st.sampled_from(sorted(said[side]["headers"])) | st.text(max_size=12))
    value = data.draw(damaged(said[side]["headers"].get(name, "")) | st.text() | st.just(_PERSONAL))
    found = _read(_put(said, (side, "headers", name), value))
    assert found is not None
    _judged(found)


def _means(one: Part) -> tuple[object, ...]:
    """What a part tells its reader; outer blanks of what stands in a header line are none of it."""
    asked = one.answered.asked
    lines = {name: value.strip() for name, value in {**asked.headers, **one.answered.headers}.items()}
    return (
        one.node,
        asked.method.strip(),
        asked.path.strip(),
        asked.query.strip(),
        asked.body,
        one.answered.status,
        one.content,
        lines,
    )


@_few
@given(_KINDS, st.data())
def test_what_was_altered_in_one_place_does_not_hold_or_means_the_same(
    kind: str, data: st.DataObject
) -> None:
    """The file as text: a character lost, exchanged or put in, wherever it stands."""
    whole = orjson.dumps(_document(kind)).decode()
    text = data.draw(altered(whole))
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    found = _read(said)
    if found is not None and _judged(found).holds:
        assert _means(found) == _means(_WHOLE[kind])


@_few
@given(st.binary(max_size=80) | DEEP, st.booleans())
def test_any_body_of_a_stream_is_judged(content: bytes, signed: bool) -> None:
    one = _WHOLE["stream"]
    body = b'{"signed":"%b"}\n' % content if signed else content
    found = _judged(replace(one, content=body))
    assert not found.holds
    with ends(), pytest.raises(ChunksRefused):
        evidence_chunks.check(body, one.head, _TOWN.keys[NODE].key_id, _HISTORY.every)


@_few
@given(st.dictionaries(st.sampled_from(["number", "digest", "previous", "end"]), JSON), st.booleans())
def test_any_statement_that_the_node_signs_is_the_pieces_or_refused(
    changed: dict[str, Any], alone: bool
) -> None:
    key = _TOWN.keys[NODE]
    said = ({} if alone else {"number": 1, "digest": "a" * 64, "previous": "b" * 64, "end": True}) | changed
    try:
        text = compact(head(key), orjson.dumps({"piece": said}), key)
    except TypeError:
        return
    body = b'{"key":"a"}\n{"signed":"%b"}\n' % text.encode()
    with ends(), pytest.raises(ChunksRefused):
        evidence_chunks.check(body, _WHOLE["stream"].head, key.key_id, _HISTORY.every)


@_few
@given(st.integers(0, 10**12 - 1))
@example(10**12 - 1)
@example(10**11 - 1)
def test_a_head_that_was_signed_at_any_time_is_read_or_refused(created: int) -> None:
    """By a node that writes by hand what it signs."""
    one = _WHOLE["answer"]
    bare = {name: text for name, text in one.answered.headers.items() if not name.startswith("signature")}
    answered = replace(one.answered, headers=bare)
    said = bare | sign(answered, _TOWN.keys[NODE], _Moment(created))  # type: ignore[arg-type]
    found = _judged(replace(one, answered=replace(answered, headers=said)))
    assert found.created is None or int(found.created.timestamp()) == created


def test_a_head_that_names_another_suite_than_its_keys_is_refused() -> None:
    one, key = _WHOLE["answer"], _TOWN.keys[NODE]
    bare = {name: text for name, text in one.answered.headers.items() if not name.startswith("signature")}
    other = KeyPair(key.private, "00" * SM2.size, key.key_id)
    answered = replace(one.answered, headers=bare)
    said = bare | sign(answered, other, _TOWN.created)
    with pytest.raises(AnswerRefused, match="malformed"):
        evidence_answer.read(replace(answered, headers=said), _HISTORY.every)


class _Moment:
    """A time beyond what a datetime holds."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def timestamp(self) -> int:
        return self._seconds


@_few
@given(st.text(), st.text(max_size=120))
def test_any_signature_texts_are_refused(said: str, proof: str) -> None:
    one = _WHOLE["answer"].answered
    for changed in (
        {"signature-input": said},
        {"signature": proof},
        {"signature-input": said, "signature": proof},
    ):
        with ends(), pytest.raises(AnswerRefused) as refused:
            evidence_answer.read(replace(one, headers={**one.headers, **changed}), _HISTORY.every)
        assert refused.value.reason in _REASONS


@_few
@given(JSON)
def test_anything_is_a_time_token_or_none(said: object) -> None:
    with ends(), pytest.raises(TokenRefused):
        token_of(said)


@_few
@given(st.sampled_from(["entry", "witnessed"]), st.data())
def test_a_time_token_altered_in_one_place_proves_nothing_or_the_same(name: str, data: st.DataObject) -> None:
    one = _WHOLE["answer"]
    [whole] = one.tokens
    held = check_token(whole, one.digest, NODE, _HISTORY.every)
    text = data.draw(altered(getattr(whole, name)) | damaged(getattr(whole, name)) | st.text())
    with ends():
        try:
            found = check_token(replace(whole, **{name: text}), one.digest, NODE, _HISTORY.every)
        except TokenRefused:
            return
    assert found == held


@_few
@given(DEEP, st.dictionaries(st.sampled_from(["number", "previous", "told", "act", "node"]), JSON))
def test_any_entry_is_a_time_tokens_or_refused(deep: bytes, changed: dict[str, Any]) -> None:
    one = _WHOLE["answer"]
    try:
        entries = [deep, orjson.dumps({"entry": changed, "hash": "a" * 64}), b'{"entry":%b,"hash":""}' % deep]
    except TypeError:
        return
    for entry in entries:
        token = TimeToken(entry.decode(), one.tokens[0].witnessed)
        with ends(), pytest.raises(TokenRefused):
            check_token(token, one.digest, NODE, _HISTORY.every)
