"""Case references: which are accepted, why all others are refused, and which questions a case covers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.contracts.catalogue import Catalogue
from schemas.query.bind import bind
from schemas.query.parse import parse_params
from schemas.trust import cases, keys, registry, signed
from schemas.trust.model import Caller, Case
from schemas.trust.suites import ED25519, Suite
from schemas.wire.problem import Problem
from tests import registered
from tests.schemas.query.harbour import contract, item
from tests.suites import by_each_suite

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_ME, _OTHER = ("harbour.boats.owner", "甲"), ("harbour.boats.owner", "乙")
_CASE = cases.case_of("2026-17", "330200.taxation", [_ME, ("id-number", "330102199003070019")], b"s" * 16)


class Keys:
    """Those of a keeper of cases, of a member that keeps none, and of a stranger, all of one suite; and a registry."""

    def __init__(self, suite: Suite) -> None:
        self.keeper, self.asker, self.stranger = (keys.new_key(suite) for _ in range(3))
        listed = [
            registered.line("330200.window/cases", self.keeper, role="cases"),
            registered.line("330200.taxation/desk", self.asker),
        ]
        expires = (_NOW + timedelta(days=30)).isoformat()
        self.registry = registry.from_document({"number": 1, "expires": expires, "members": listed})

    def made(
        self,
        case: Case = _CASE,
        key: keys.KeyPair | None = None,
        *,
        opened: datetime = _NOW - _DAY,
        now: datetime = _NOW,
        until: datetime = _NOW + _HOUR,
    ) -> str:
        return cases.refer(case, key or self.keeper, opened=opened, now=now, until=until)

    def said(self, **changed: Any) -> str:
        """A reference that says something else; None takes a member away."""
        said = signed.unchecked(self.made())["case"] | changed
        return signed.sign(
            {"case": {name: one for name, one in said.items() if one is not None}}, self.keeper
        )

    def altered(self) -> str:
        head, _, mark = self.made().split(".")
        return ".".join((head, self.made(replace(_CASE, number="2026-18")).split(".")[1], mark))


@pytest.fixture(scope="module")
def referring(request: pytest.FixtureRequest) -> Keys:
    return Keys(getattr(request, "param", ED25519))


_by_each_suite = by_each_suite("referring")


@_by_each_suite
def test_a_reference_says_which_case_is_open_for_whom_and_about_whom(referring: Keys) -> None:
    found = cases.check(referring.made(), referring.registry, _NOW)
    assert found == _CASE
    assert cases.about(found, _ME)
    assert cases.about(found, ("id-number", " 330102199003070019 "))
    assert not cases.about(found, _OTHER)
    assert not cases.about(found, ("credit-code", "330102199003070019")), "of another kind"


def test_a_reference_names_nobody_and_no_two_name_alike(referring: Keys) -> None:
    assert not any(value in str(signed.unchecked(referring.made())) for _, value in (_ME, _OTHER))
    again = cases.case_of("2026-17", "330200.taxation", [_ME], b"t" * 16)
    assert not again.subjects & _CASE.subjects


_REFUSED: dict[str, tuple[str, Callable[[Keys], str]]] = {
    "of no text": ("malformed", lambda _: ""),
    "that is too long": ("malformed", lambda by: by.made() + "A" * 4_096),
    "of letters beyond ASCII": ("malformed", lambda by: by.made() + "证"),
    "of another kind of document": ("malformed", lambda by: signed.sign({"checkpoint": {}}, by.keeper)),
    "that is two statements": ("malformed", lambda by: signed.sign({"case": {}, "receipt": {}}, by.keeper)),
    "without a number": ("malformed", lambda by: by.said(number=None)),
    "with a name for a number": ("malformed", lambda by: by.said(number="张三")),
    "without a member": ("malformed", lambda by: by.said(member=None)),
    "without a salt": ("malformed", lambda by: by.said(salt=None)),
    "with a short salt": ("malformed", lambda by: by.said(salt="00")),
    "about nobody": ("malformed", lambda by: by.said(subjects=[])),
    "about what is no list": ("malformed", lambda by: by.said(subjects="abc")),
    "about what is no text": ("malformed", lambda by: by.said(subjects=[1])),
    "without an end": ("malformed", lambda by: by.said(until=None)),
    "that was never opened": ("malformed", lambda by: by.said(opened=None)),
    "signed by nobody that is known": ("unknown-key", lambda by: by.made(key=by.stranger)),
    "signed by a system that keeps no cases": ("unknown-key", lambda by: by.made(key=by.asker)),
    "that was altered": ("bad-signature", Keys.altered),
    "that is closed": ("not-open", lambda by: by.said(status="closed")),
    "that does not say how it stands": ("not-open", lambda by: by.said(status=None)),
    "opened tomorrow": ("not-yet-valid", lambda by: by.made(opened=_NOW + _DAY)),
    "issued later": ("not-yet-valid", lambda by: by.made(now=_NOW + _HOUR, until=_NOW + 2 * _HOUR)),
    "that has ended": ("expired", lambda by: by.made(now=_NOW - _HOUR, until=_NOW)),
    "that is good for longer than a day": ("too-long-lived", lambda by: by.made(until=_NOW + _DAY + _HOUR)),
}


@_by_each_suite
@pytest.mark.parametrize("what", _REFUSED)
def test_a_reference_is_refused_for_a_stable_reason(what: str, referring: Keys) -> None:
    reason, make = _REFUSED[what]
    assert _reason(lambda: cases.check(make(referring), referring.registry, _NOW)) == reason


def test_no_reference_is_good_once_the_registry_has_expired(referring: Keys) -> None:
    late = _NOW + timedelta(days=30)
    text = referring.made(now=late, until=late + _HOUR)
    assert _reason(lambda: cases.check(text, referring.registry, late)) == "unknown-key"


@given(text=some.text(max_size=80) | some.lists(some.text(max_size=12), min_size=3, max_size=3).map(".".join))
def test_any_text_is_refused(referring: Keys, text: str) -> None:
    assert _reason(lambda: cases.check(text, referring.registry, _NOW)) in ("malformed", "unknown-key")


_BOATS = replace(
    contract("harbour.boats", [item("number"), item("owner"), item("crew")]), subjects=("owner",)
)
_CATALOGUE = Catalogue([_BOATS])
_CALLER = Caller("330200.taxation", "tax-desk", "0042", "grant:g1", case=_CASE)

_COVERED: tuple[dict[str, str], ...] = (
    {"owner": "eq.甲"},
    {"owner": "in.(甲)"},
    {"owner": "eq.甲", "crew": "gt.5"},
    {"and": "(owner.eq.甲,crew.gt.5)"},
    {"owner": "eq.甲", "or": "(owner.is.null,crew.gt.5)"},
)
_NOT_COVERED: tuple[dict[str, str], ...] = (
    {},
    {"crew": "gt.5"},
    {"owner": "eq.乙"},
    {"owner": "in.(甲,乙)"},
    {"owner": "neq.甲"},
    {"owner": "not.eq.甲"},
    {"owner": "gte.甲"},
    {"owner": "like.甲*"},
    {"owner": "is.null"},
    {"or": "(owner.eq.甲,crew.gt.5)"},
    {"not.and": "(owner.eq.甲,crew.gt.5)"},
    {"and": "(owner.eq.甲,owner.neq.乙)"},
    {"owner": "eq.甲", "or": "(owner.eq.乙,crew.gt.5)"},
)


def _require(by: dict[str, str], caller: Caller = _CALLER, *, addressed: bool = False) -> None:
    query = bind(parse_params([("select", "number"), *by.items()]), _CATALOGUE, "harbour.boats")
    cases.require(query, caller, addressed=addressed)


@pytest.mark.parametrize("by", _COVERED, ids=str)
def test_a_case_covers_questions_about_whom_it_is_about(by: dict[str, str]) -> None:
    _require(by)


@pytest.mark.parametrize("by", _NOT_COVERED, ids=str)
def test_a_case_covers_no_question_that_anybody_else_could_meet(by: dict[str, str]) -> None:
    assert _reason(lambda: _require(by)) == "not-about-this"


def test_records_that_are_addressed_need_no_filter_and_still_name_nobody_else() -> None:
    _require({}, addressed=True)
    assert _reason(lambda: _require({"owner": "eq.乙"}, addressed=True)) == "not-about-this"


def test_a_case_is_its_members_alone() -> None:
    other = replace(_CALLER, member="330200.credit")
    assert _reason(lambda: _require({"owner": "eq.甲"}, other)) == "not-yours"
    _require({"owner": "eq.甲"}, replace(other, on_behalf="330200.taxation"))
    assert _reason(lambda: _require({"owner": "eq.甲"}, replace(_CALLER, on_behalf="330200.credit"))) == (
        "not-yours"
    )


def test_without_a_reference_a_case_is_asked_for() -> None:
    with pytest.raises(Problem, match="case-required"):
        _require({"owner": "eq.甲"}, replace(_CALLER, case=None))


def test_a_dataset_that_says_of_nobody_is_no_cases() -> None:
    lone = Catalogue([replace(_BOATS, subjects=())])
    query = bind(parse_params([("owner", "eq.甲")]), lone, "harbour.boats")
    assert _reason(lambda: cases.require(query, _CALLER, addressed=False)) == "not-about-this"


def _reason(act: Callable[[], object]) -> str:
    with pytest.raises(Problem) as refused:
        act()
    assert (refused.value.code, refused.value.status) == ("case-refused", 403)
    assert set(refused.value.members) == {"reason"}
    return str(refused.value.members["reason"])
