"""Evidence holds as it was made, and whatever was done to it is found and named; cases as data in evidence.yaml."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.evidence import BadPart, Part, read_part
from schemas.trust.evidence_answer import WANTED, wanted
from schemas.trust.evidence_chunks import without
from schemas.trust.evidence_judged import Check, judge
from schemas.trust.signed import DocumentRefused
from schemas.trust.suites import ED25519
from tests.schemas.trust.deeds import done, with_content
from tests.schemas.trust.kept import DAY, NODE, NOON, WITNESS, Town
from tests.suites import by_each_suite

_CASES = yaml.safe_load(Path(__file__).with_name("evidence.yaml").read_text(encoding="utf-8"))
_FORMS = ("answer", "stream")
_by_each_suite = by_each_suite("town")


@pytest.fixture(scope="module")
def town(request: pytest.FixtureRequest) -> Town:
    return Town(getattr(request, "param", ED25519))


@pytest.fixture(scope="module")
def whole(town: Town) -> dict[str, Part]:
    return {"answer": town.answer(), "stream": town.stream()}


@_by_each_suite
@pytest.mark.parametrize("form", _FORMS)
def test_evidence_as_it_was_made_holds(form: str, town: Town, whole: dict[str, Part]) -> None:
    found = judge(whole[form], town.history())
    assert found.holds, found
    assert [one.check for one in found.findings] == list(Check)
    assert (found.node, found.member, found.dataset) == (NODE, NODE, "workshop.repairs")


@_by_each_suite
@pytest.mark.parametrize("form", _FORMS)
def test_evidence_is_the_same_after_a_file(form: str, whole: dict[str, Part]) -> None:
    assert read_part(whole[form].document()) == whole[form]


@_by_each_suite
@pytest.mark.parametrize("case", _CASES, ids=lambda one: f"{one['name']}, {one.get('of', 'answer')}")
def test_what_was_done_is_found(case: dict[str, Any], town: Town) -> None:
    makers: dict[str, Callable[..., Part]] = {"answer": town.answer, "stream": town.stream}
    made = makers[case.get("of", "answer")](case.get("by", NODE), **case.get("made", {}))
    if "deed" in case:
        made = done(town, made, case["deed"], *case.get("with", ()))
    issues = [
        town.issued(**{**one, "without": tuple(one.get("without", ()))}) for one in case.get("registries", ())
    ]
    found = judge(read_part(made.document()), town.history(*issues))
    assert [(one.check, one.reason) for one in found.findings if not one.holds][:1] == [
        (case["check"], case["reason"])
    ]
    assert not found.holds


@_by_each_suite
def test_a_key_that_was_rotated_out_later_still_holds(town: Town, whole: dict[str, Part]) -> None:
    later = town.issued(2, day=5, without=(NODE, WITNESS))
    assert judge(whole["answer"], town.history(town.issued(1), later)).holds


@pytest.mark.parametrize(
    "path", ["/log/about-me", "/records/workshop/repairs", "/records/workshop/tools/r-1"]
)
def test_a_department_signs_what_it_keeps_and_what_is_no_dataset_s(path: str, town: Town) -> None:
    assert judge(town.answer(path=path), town.history()).holds


def test_two_registries_of_one_number_are_no_history(town: Town) -> None:
    once, other = town.issued(1), town.issued(1, without=(WITNESS,))
    assert town.history(once, once).every == once.registry
    with pytest.raises(DocumentRefused, match="contradicts"):
        town.history(once, other)


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
    issues: list[dict[str, Any]], end: int | None, town: Town
) -> None:
    found = town.history(*(town.issued(**one) for one in issues)).ending
    key_id = town.keys[NODE].key_id
    assert found.key(key_id) is not None
    assert found.keys[key_id][0].until.get(key_id) == (None if end is None else NOON + end * DAY)


@_by_each_suite
@pytest.mark.parametrize("form", _FORMS)
@given(place=st.integers(min_value=0), flip=st.integers(1, 255))
def test_any_altered_byte_of_an_answer_is_found(
    form: str, town: Town, whole: dict[str, Part], place: int, flip: int
) -> None:
    one = whole[form]
    content = bytearray(one.content)
    content[place % len(content)] ^= flip
    assert not judge(with_content(one, bytes(content)), town.history()).holds


@_by_each_suite
@given(count=st.integers(0, 5))
def test_a_stream_that_ends_early_is_found(town: Town, whole: dict[str, Part], count: int) -> None:
    one = whole["stream"]
    lines = one.content.splitlines(keepends=True)
    for end in range(count, len(lines)):
        assert not judge(with_content(one, b"".join(lines[:end])), town.history()).holds


def test_a_judgement_repeats_nothing_of_question_or_answer(town: Town) -> None:
    made = town.answer(body=b'[{"name":"canary-name"}]')
    other = done(town, made, "body", "canary-name", "canary-other")
    for one in (made, other, done(town, made, "untimed")):
        assert "canary" not in repr(judge(one, town.history()))


@_by_each_suite
def test_a_stream_reads_as_if_nobody_had_signed_it(whole: dict[str, Part]) -> None:
    plain = without(whole["stream"].content)
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
def test_what_is_no_part_is_refused(
    place: tuple[str | int, ...], bad: object, whole: dict[str, Part]
) -> None:
    said: Any = {"part": whole["answer"].document()}
    *way, last = ("part", *place)
    within = said
    for one in way:
        within = within[one]
    within[last] = bad
    with pytest.raises(BadPart):
        read_part(said["part"])
