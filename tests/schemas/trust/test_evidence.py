"""Evidence holds as it was made, and whatever was done to it is found and named; cases as data in evidence.yaml."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.entries import Act
from schemas.trust.evidence import BadPart, Part, read_part
from schemas.trust.evidence_answer import WANTED, sign, wanted
from schemas.trust.evidence_chunks import Chain, sha256, split, without
from schemas.trust.evidence_judged import Check, judge
from schemas.trust.signed import DocumentRefused
from tests.schemas.trust.kept import DAY, NODE, NOON, WITNESS, Town

_CASES = yaml.safe_load(Path(__file__).with_name("evidence.yaml").read_text(encoding="utf-8"))
_TOWN = Town()
_WHOLE = {"answer": _TOWN.answer(), "stream": _TOWN.stream()}


@pytest.mark.parametrize("form", _WHOLE)
def test_evidence_as_it_was_made_holds(form: str) -> None:
    found = judge(_WHOLE[form], _TOWN.history())
    assert found.holds, found
    assert [one.check for one in found.findings] == list(Check)
    assert (found.node, found.member, found.dataset) == (NODE, NODE, "workshop.repairs")


@pytest.mark.parametrize("form", _WHOLE)
def test_evidence_is_the_same_after_a_file(form: str) -> None:
    assert read_part(_WHOLE[form].document()) == _WHOLE[form]


@pytest.mark.parametrize("case", _CASES, ids=lambda one: f"{one['name']}, {one.get('of', 'answer')}")
def test_what_was_done_is_found(case: dict[str, Any]) -> None:
    town = _TOWN
    makers: dict[str, Callable[..., Part]] = {"answer": town.answer, "stream": town.stream}
    made = makers[case.get("of", "answer")](case.get("by", NODE), **case.get("made", {}))
    if "deed" in case:
        made = _DEEDS[case["deed"]](made, *case.get("with", ()))
    issues = [
        town.issued(**{**one, "without": tuple(one.get("without", ()))}) for one in case.get("registries", ())
    ]
    found = judge(read_part(made.document()), town.history(*issues))
    assert [(one.check, one.reason) for one in found.findings if not one.holds][:1] == [
        (case["check"], case["reason"])
    ]
    assert not found.holds


def test_a_key_that_was_rotated_out_later_still_holds() -> None:
    later = _TOWN.issued(2, day=5, without=(NODE, WITNESS))
    assert judge(_WHOLE["answer"], _TOWN.history(_TOWN.issued(1), later)).holds


@pytest.mark.parametrize(
    "path", ["/log/about-me", "/records/workshop/repairs", "/records/workshop/tools/r-1"]
)
def test_a_department_signs_what_it_keeps_and_what_is_no_dataset_s(path: str) -> None:
    assert judge(_TOWN.answer(path=path), _TOWN.history()).holds


def test_two_registries_of_one_number_are_no_history() -> None:
    once, other = _TOWN.issued(1), _TOWN.issued(1, without=(WITNESS,))
    assert _TOWN.history(once, once).every == once.registry
    with pytest.raises(DocumentRefused, match="contradicts"):
        _TOWN.history(once, other)


@pytest.mark.parametrize(
    ("issues", "end"),
    [
        ([{"number": 1}], None),
        ([{"number": 1, "until": {NODE: 3}}], 3),
        ([{"number": 1}, {"number": 2, "day": 5, "without": (NODE,)}], 5),
        ([{"number": 1, "until": {NODE: 3}}, {"number": 2, "day": 5, "without": (NODE,)}], 3),
        ([{"number": 1, "without": (NODE,)}, {"number": 2, "day": 5}], None),
        ([{"number": 1}, {"number": 2, "day": 5, "without": (NODE,)}, {"number": 3, "day": 6}], None),
    ],
)
def test_a_key_ends_by_its_date_or_by_the_registry_that_leaves_it_out(
    issues: list[dict[str, Any]], end: int | None
) -> None:
    found = _TOWN.history(*(_TOWN.issued(**one) for one in issues)).ending
    key_id = _TOWN.keys[NODE].key_id
    assert found.key(key_id) is not None
    assert found.keys[key_id][0].until.get(key_id) == (None if end is None else NOON + end * DAY)


@pytest.mark.parametrize("form", _WHOLE)
@given(place=st.integers(min_value=0), flip=st.integers(1, 255))
def test_any_altered_byte_of_an_answer_is_found(form: str, place: int, flip: int) -> None:
    one = _WHOLE[form]
    content = bytearray(one.content)
    content[place % len(content)] ^= flip
    assert not judge(_with_content(one, bytes(content)), _TOWN.history()).holds


@given(count=st.integers(0, 5))
def test_a_stream_that_ends_early_is_found(count: int) -> None:
    one = _WHOLE["stream"]
    lines = one.content.splitlines(keepends=True)
    for end in range(count, len(lines)):
        assert not judge(_with_content(one, b"".join(lines[:end])), _TOWN.history()).holds


def test_a_judgement_repeats_nothing_of_question_or_answer() -> None:
    town = Town()
    made = town.answer(body=b'[{"name":"canary-name"}]')
    for one in (made, _DEEDS["body"](made, "canary-name", "canary-other"), _DEEDS["untimed"](made)):
        assert "canary" not in repr(judge(one, town.history()))


def test_a_stream_reads_as_if_nobody_had_signed_it() -> None:
    plain = without(_WHOLE["stream"].content)
    assert plain.count(b"\n") == 4
    assert b"signed" not in plain


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        (WANTED, True),
        (f'{WANTED}, sig2=("@status");tag="other"', True),
        ('sig=();tag="langqiao-evidence"', True),
        ('sig=("@status");created;tag="langqiao"', False),
        ("", False),
        ('"langqiao-evidence"', False),
        ("sig=(" + "x" * 5_000, False),
    ],
)
def test_a_caller_asks_by_the_tag_of_the_signature(text: str, asks: bool) -> None:
    assert wanted({"accept-signature": text}) is asks


@pytest.mark.parametrize(
    "place",
    [
        (),
        ("node",),
        ("question",),
        ("answer",),
        ("tokens",),
        *(("question", one) for one in ("method", "path", "query", "headers", "body")),
        *(("answer", one) for one in ("status", "headers", "body")),
        ("tokens", 0),
        ("tokens", 0, "entry"),
        ("tokens", 0, "witnessed"),
        ("answer", "headers", "signature"),
    ],
)
@pytest.mark.parametrize("bad", [None, 3.5, ["x"], True])
def test_what_is_no_part_is_refused(place: tuple[str | int, ...], bad: object) -> None:
    said: Any = {"part": _WHOLE["answer"].document()}
    *way, last = ("part", *place)
    within = said
    for one in way:
        within = within[one]
    within[last] = bad
    with pytest.raises(BadPart):
        read_part(said["part"])


def _with_content(one: Part, content: bytes) -> Part:
    body = None if one.answered.body is None else content
    return replace(one, content=content, answered=replace(one.answered, body=body))


def _body(one: Part, old: str | None = None, new: str = "") -> Part:
    content = b"" if old is None else one.content.replace(old.encode(), new.encode(), 1)
    return _with_content(one, content)


def _asked(one: Part, **changed: Any) -> Part:
    return replace(one, answered=replace(one.answered, asked=replace(one.answered.asked, **changed)))


def _headed(one: Part, headers: dict[str, str]) -> Part:
    return replace(one, answered=replace(one.answered, headers=headers))


def _dropped(headers: Any, name: str) -> dict[str, str]:
    return {each: value for each, value in headers.items() if each != name}


def _pieces(one: Part) -> list[bytes]:
    """Each piece with its statement."""
    return [piece + b'{"signed":"' + (text or "").encode() + b'"}\n' for piece, text in split(one.content)]


def _reordered(one: Part, order: Callable[[list[bytes]], list[bytes]]) -> Part:
    return _with_content(one, b"".join(order(_pieces(one))))


def _swapped(one: Part, first: int, second: int) -> Part:
    order = _pieces(one)
    order[first - 1], order[second - 1] = order[second - 1], order[first - 1]
    return _with_content(one, b"".join(order))


def _exchanged(one: Part, first: int, second: int) -> Part:
    """The bytes of two pieces, each before the other's statement."""
    found = list(split(one.content))
    a, b = found[first - 1][0], found[second - 1][0]
    return _with_content(one, one.content.replace(a, b"?").replace(b, a).replace(b"?", b))


def _piece_of_another(one: Part, place: int) -> Part:
    other = _pieces(_TOWN.stream(query="limit=9"))
    return _reordered(one, lambda each: [*each[: place - 1], other[place - 1], *each[place:]])


def _pieces_by(one: Part, signer: str) -> Part:
    chain = Chain(_TOWN.keys[signer], sha256(one.head))
    *pieces, _ = [piece for piece, _ in split(one.content)]
    body = b"".join(piece + chain.line(piece) for piece in pieces) + chain.line(b"", end=True)
    return _with_content(one, body)


def _with_receipt(one: Part, receipt: str) -> Part:
    """The same answer with another receipt, signed by the node itself."""
    headers = {**one.answered.headers, "langqiao-receipt": receipt}
    bare = {name: value for name, value in headers.items() if not name.startswith("signature")}
    answered = replace(one.answered, headers=bare)
    made = _headed(one, bare | sign(answered, _TOWN.keys[NODE], _TOWN.created))
    return replace(made, tokens=(_TOWN.token(made),))


def _token(one: Part, said: dict[str, Any]) -> Part:
    act = {"act": Act(said["act"])} if "act" in said else {}
    return replace(one, tokens=(_TOWN.token(one, **{**said, **act}),))


def _retold(one: Part, **changed: str) -> Part:
    return replace(one, tokens=(replace(one.tokens[0], **changed),))


_DEEDS: dict[str, Callable[..., Part]] = {
    "body": _body,
    "body_end": lambda one, more: _with_content(one, one.content + more.encode()),
    "cut": lambda one, size: _with_content(one, one.content[:size]),
    "asked_body": lambda one, old, new: _asked(
        one, body=one.answered.asked.body.replace(old.encode(), new.encode())
    ),
    "asked_header": lambda one, name, text: _asked(one, headers={**one.answered.asked.headers, name: text}),
    "without_asked_header": lambda one, name: _asked(one, headers=_dropped(one.answered.asked.headers, name)),
    "asked_path": lambda one, old, new: _asked(one, path=one.answered.asked.path.replace(old, new)),
    "status": lambda one, status: replace(one, answered=replace(one.answered, status=status)),
    "header": lambda one, name, text: _headed(one, {**one.answered.headers, name: text}),
    "without_header": lambda one, name: _headed(one, _dropped(one.answered.headers, name)),
    "earlier": lambda one: _headed(
        one,
        {
            **one.answered.headers,
            "signature-input": one.answered.headers["signature-input"].replace("created=1", "created=0"),
        },
    ),
    "node": lambda one, node: replace(one, node=node),
    "without_piece": lambda one, place: _reordered(one, lambda each: [*each[: place - 1], *each[place:]]),
    "swapped": _swapped,
    "twice": lambda one, place: _reordered(one, lambda each: [*each[:place], each[place - 1], *each[place:]]),
    "exchanged": _exchanged,
    "piece_of_another": _piece_of_another,
    "pieces_by": _pieces_by,
    "receipt_of_another": lambda one: _with_receipt(one, _TOWN.receipt(one.answered.asked, b"[]")),
    "receipt_by": lambda one, node: _with_receipt(
        one, _TOWN.receipt(one.answered.asked, one.content, node=node)
    ),
    "receipt_of_day": lambda one, day: _with_receipt(
        one, _TOWN.receipt(one.answered.asked, one.content, at=NOON + day * DAY)
    ),
    "receipt_of_entry": lambda one, number: _with_receipt(
        one, _TOWN.receipt(one.answered.asked, one.content, number=number)
    ),
    "untimed": lambda one: replace(one, tokens=()),
    "token": _token,
    "entry": lambda one, old, new: _retold(one, entry=one.tokens[0].entry.replace(old * 64, new * 64)),
    "word": lambda one, text: _retold(one, witnessed=text),
}
