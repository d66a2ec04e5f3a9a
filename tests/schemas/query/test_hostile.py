"""Whatever a caller sends as a question, it is read or refused with a problem, and nothing of it is repeated."""

import contextlib
import sys
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.query.bind import bind
from schemas.query.parse import parse_body, parse_params
from schemas.query.size import MAX_KEYS, MAX_PARTS
from schemas.wire.problem import KINDS, Problem
from tests.schemas.query.harbour import BOATS, CATALOGUE, PEOPLE
from tests.schemas.query.trees import TEXTS

_LONG = 32 * 1024
#: What a caller might send about a person: no name of the grammar's, and none of a contract's.
_PERSONAL = ("330102199003070019", "张三丰", "13800138000", "zhang.san@example.cn", "1990-03-07x")
_WORDS = (
    "select order limit offset and or not crew kind tonnage afloat launched_on seen_at owner_id remark owner"
    ' name eq gt in is like null ( ) , . * : ! " \\ { } - > 0 1 true ( ) , . ,'
).split()
_PIECES = st.lists(st.sampled_from(_WORDS) | st.text(max_size=3), max_size=14).map("".join)
_NAMES = st.sampled_from(
    ["select", "order", "limit", "and", "not.or", "crew", "kind", "owner.name", "owner.or"]
)


def _asked(pairs: list[tuple[str, str]], dataset: str = BOATS) -> Problem | None:
    try:
        bind(parse_params(pairs), CATALOGUE, dataset, in_url=True)
    except Problem as problem:
        return problem
    return None


@given(st.lists(st.tuples(_NAMES | _PIECES, _PIECES), max_size=4))
@example([("crew", "eq.\ud800"), ("kind", "like.\ud800")])
@example([("seen_at", "gt.9999-12-31T23:59:59-23:59")])
@example([("tonnage", "eq." + "9" * 5_000)])
def test_any_parameters_are_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    problem = _asked(pairs)
    assert problem is None or KINDS[problem.code].status in (400, 413)


@given(st.dictionaries(_NAMES | _PIECES, st.recursive(
    st.none() | st.booleans() | st.integers() | _PIECES, lambda inner: st.lists(inner, max_size=3), max_leaves=4
)))  # fmt: skip
def test_any_body_is_read_or_refused(body: dict[str, object]) -> None:
    with contextlib.suppress(Problem):
        bind(parse_body(body), CATALOGUE, BOATS)


_HIDING = (
    "{}", "eq.{}", "in.(1,{})", "in.({}", "is.{}", "like.{}\\", "({})", "(crew.eq.{})", "(crew.{})", "({}.eq.1)",
    "owner({})", "{}:crew,kind:{}", "crew,{}(name)", "owner!{}(name)", '"{}', "crew.{}", "a:{}", "{}.desc",
)  # fmt: skip


@pytest.mark.parametrize("personal", _PERSONAL)
@pytest.mark.parametrize("form", _HIDING)
def test_a_problem_repeats_nothing_personal(form: str, personal: str) -> None:
    text = form.replace("{}", personal)
    for name in ("select", "order", "limit", "or", "crew", "seen_at", "owner_id", "owner.name", personal):
        problem = _asked([(name, text)])
        assert problem is None or personal not in problem.body().decode()
        assert problem is None or personal not in str(problem)


@given(_NAMES, TEXTS, st.sampled_from(_PERSONAL))
def test_a_problem_repeats_nothing_personal_wherever_it_stands(name: str, around: str, personal: str) -> None:
    half = len(around) // 2
    problem = _asked([(name, around[:half] + personal + around[half:]), ("select", "owner(name)")])
    assert problem is None or personal not in problem.body().decode()


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "or(",
        "not.and(",
        "a(",
        "owner(",
        "crew,",
        "crew.eq.1,",
        "crew.in.(1),",
        'crew.in.(1,"2"),',
        '"',
        '\\"',
        "in.(",
        "{",
        "{}",
        ".",
        "not.",
        " ",
        "*",
        "a:",
    ],
)
@pytest.mark.parametrize("name", ["select", "or", "crew", "order", ""])
def test_much_of_one_thing_is_refused_like_a_little_of_it(name: str, unit: str) -> None:
    text = unit * (_LONG // len(unit))
    for one in (text, f"({text}", f"in.({text}", f'in.("{text}'):
        assert _asked([(name, one)]) is not None or not one.strip()
    assert _asked([(text, "eq.1")]) is not None


def _or(deep: int) -> str:
    return "or(" * (deep - 1) + "crew.eq.1" + ")" * (deep - 1)


def _embeds(deep: int) -> str:
    steps = ["boats", "owner"]
    return "".join(f"{steps[n % 2]}(" for n in range(deep)) + "*" + ")" * deep


def test_conditions_may_stand_fifty_deep() -> None:
    assert _asked([("or", f"({_or(50)})")]) is None
    refused = _asked([("or", f"({_or(51)})")])
    assert refused is not None
    assert refused.code == "bad-syntax"


def test_embeds_may_stand_nine_deep_below_the_record() -> None:
    assert _asked([("select", _embeds(9))], PEOPLE) is None
    refused = _asked([("select", _embeds(10))], PEOPLE)
    assert refused is not None
    assert refused.code == "bad-syntax"


def test_lists_may_hold_ten_thousand_values_in_all() -> None:
    half = ",".join(["1"] * (MAX_KEYS // 2))
    assert _asked([("crew", f"in.({half})"), ("crew", f"in.({half})")]) is None
    for pairs in (
        [("crew", f"in.({half})"), ("crew", f"in.({half},1)")],
        [("crew", f"in.({half},{half},1)")],
        [("or", f"(crew.in.({half}),kind.in.({half}),kind.in.(a))")],
    ):
        refused = _asked(pairs)
        assert refused is not None
        assert (refused.code, refused.members["limit"]) == ("too-large", MAX_KEYS)


def test_a_question_may_have_a_thousand_parts_in_all() -> None:
    conditions = ",".join(["crew.eq.1"] * (MAX_PARTS - 1))
    assert _asked([("or", f"({conditions})"), ("order", "crew")]) is None
    for pairs in (
        [("or", f"({conditions})"), ("order", "crew,kind")],
        [("or", f"({conditions})"), ("crew", "eq.1"), ("crew", "eq.2")],
        [("select", ",".join(f"a{number}:crew" for number in range(MAX_PARTS + 1)))],
    ):
        refused = _asked(pairs)
        assert refused is not None
        assert (refused.code, refused.members["limit"]) == ("too-large", MAX_PARTS)


@contextlib.contextmanager
def _counted() -> Iterator[list[int]]:
    """How many calls the block makes: a measure of its work that is the same on every machine."""
    calls, before = [0], sys.getprofile()

    def count(_frame: object, event: str, _function: object) -> None:
        calls[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize(
    "body",
    [
        {"select": ",".join(f"name{number}:boats(crew)" for number in range(40_000)), "nobody.crew": "eq.1"},
        {"or": f"({','.join(['crew.eq.1'] * 80_000)})"},
        {"order": ",".join(["crew"] * 80_000)},
        {f"item{number}": "eq.1" for number in range(80_000)},
        {".".join(["a"] * 80_000): "eq.1"},
    ],
    ids=["embeds", "conditions", "order", "parameters", "path"],
)
def test_a_question_of_far_too_many_parts_is_refused_before_it_is_read_whole(body: dict[str, object]) -> None:
    with _counted() as calls, pytest.raises(Problem) as refused:
        parse_body(body)
    assert refused.value.code == "too-large"
    # Read whole, each makes more than a million, in seconds in which the service answers nobody else.
    assert calls[0] < 400_000
