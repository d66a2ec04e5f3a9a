"""Sharing requests: what the law leaves no choice about happens by itself, and nobody can step beyond it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.law.calendar import WorkingDays
from schemas.law.sharing.limits import Clock, legal_day
from schemas.law.sharing.request import (
    Standing,
    Step,
    after,
    check,
    conditions,
    needed,
    running,
    stands,
)
from schemas.law.sharing.request_rules import RULES, State, StepKind
from schemas.law.sharing.steps import Party, StepRefused
from schemas.law.sharing.terms import Terms
from tests.schemas.law.sharing.made import (
    ASKED,
    AUTHORITY,
    CONTRACT,
    FREE,
    KEPT,
    MONDAY,
    applied,
    step,
)

_CALENDAR = WorkingDays()
_TODAY = legal_day(MONDAY)


def taken(*steps: Step) -> Standing:
    """How a request stands after steps that are each allowed."""
    standing: Standing | None = None
    for one in steps:
        check(standing, one, CONTRACT)
        standing = after(standing, one, CONTRACT)
    assert standing is not None
    return standing


def refused(standing: Standing | None, one: Step) -> str:
    with pytest.raises(StepRefused) as refusal:
        check(standing, one, CONTRACT)
    return refusal.value.code


def test_a_complete_request_for_what_is_shared_freely_is_granted_without_anybody() -> None:
    standing = taken(applied(items=FREE))
    steps = []
    while (kind := needed(standing, CONTRACT, _TODAY)) is not None:
        one = step(kind, Party.BRIDGE, 0)
        steps.append(kind)
        check(standing, one, CONTRACT)
        standing = after(standing, one, CONTRACT)
    assert steps == [StepKind.AGREED, StepKind.DELIVERED]
    assert (standing.state, standing.grant) == (State.IN_FORCE, "G-1")


def test_a_complete_request_on_condition_waits_for_the_provider() -> None:
    standing = taken(applied(items=ASKED))
    assert standing.state is State.RECEIVED
    assert needed(standing, CONTRACT, _TODAY) is None
    assert running(standing, CONTRACT, _CALENDAR) == (Clock.ANSWER_CONDITIONAL, date(2026, 3, 16))


@pytest.mark.parametrize(
    ("form", "gap"),
    [
        ({"rows": "nosuch.eq.1"}, "rows"),
        ({"rows": "remark.eq.x"}, "rows"),
        ({"rows": "or(number.eq.1,remark.is.null)"}, "rows"),
        ({"rows": "price.eq.heavy"}, "rows"),
        ({"rows": "number"}, "rows"),
        ({"quota_per_day": 0}, "quota_per_day"),
        ({"quota_per_day": True}, "quota_per_day"),
        ({"calls_per_second": "many"}, "calls_per_second"),
        ({"delegates": ["330200.approvals/window,330200.approvals/desk"]}, "delegates"),
        ({"delegates": "330200.approvals/window"}, "delegates"),
        ({"delegates": ["330200.approvals/窗口"]}, "delegates"),
        ({"delegates": ["330200.approvals/" + "w" * 100]}, "delegates"),
        ({"delegates": [f"330200.approvals/{one}" for one in range(51)]}, "delegates"),
        ({"until": "2056-03-03"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"told_after_days": -1}, "told_after_days"),
        ({"told_after_days": 36_501}, "told_after_days"),
        ({"told_after_days": 30, "untold": "刑事诉讼法"}, "untold"),
        ({"told_after_days": 30, "items": FREE}, "told_after_days"),
        ({"untold": "刑事诉讼法", "items": FREE}, "untold"),
    ],
)
def test_rows_that_let_nothing_be_seen_and_terms_that_nobody_can_grant_are_gaps(
    form: dict[str, Any], gap: str
) -> None:
    said: dict[str, Any] = {"items": ASKED, **form}
    standing = taken(applied(**said))
    assert [one.field for one in standing.gaps] == [gap]


@pytest.mark.parametrize("rows", ["number.eq.1", "or(number.eq.1,holder.like.3*)", ""])
def test_rows_by_items_that_are_shared_are_none(rows: str) -> None:
    assert taken(applied(items=ASKED, rows=rows)).state is State.RECEIVED


def test_an_agreement_is_to_what_was_asked_or_to_less() -> None:
    asked: dict[str, Any] = {
        "quota_per_day": 100,
        "delegates": ["330200.approvals/window"],
        "told_after_days": 30,
    }
    received = taken(applied(items=ASKED, **asked))
    whole = after(received, step(StepKind.AGREED, Party.PROVIDER), CONTRACT)
    assert whole.terms == received.terms == Terms.read(asked)
    less = step(StepKind.AGREED, Party.PROVIDER, quota_per_day=50, calls_per_second=5, case_required=True)
    check(received, less, CONTRACT)
    assert after(received, less, CONTRACT).terms == Terms.read(
        {**asked, "quota_per_day": 50, "calls_per_second": 5, "case_required": True}
    )


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"quota_per_day": 101}, "beyond-request"),
        ({"quota_per_day": 0}, "says-too-little"),
        ({"calls_per_second": "5"}, "says-too-little"),
    ],
)
def test_it_is_never_to_more_nor_to_what_cannot_be_read(facts: dict[str, Any], code: str) -> None:
    received = taken(applied(items=ASKED, quota_per_day=100))
    assert refused(received, step(StepKind.AGREED, Party.PROVIDER, **facts)) == code


def test_an_incomplete_request_gets_one_notice_of_all_its_gaps() -> None:
    standing = taken(applied(items=[], legal_basis="", until="yesterday"))
    assert [one.field for one in standing.gaps] == ["legal_basis", "until", "items"]
    assert needed(standing, CONTRACT, _TODAY) is StepKind.GAPS_NOTICED
    noticed = taken(applied(items=[]), step(StepKind.GAPS_NOTICED, Party.BRIDGE))
    assert needed(noticed, CONTRACT, _TODAY) is None
    assert refused(noticed, step(StepKind.GAPS_NOTICED, Party.BRIDGE)) == "wrong-state"


def test_an_incomplete_request_is_never_refused_and_its_clock_begins_when_it_is_complete() -> None:
    standing = taken(applied(items=[]))
    assert refused(standing, step(StepKind.REFUSED, Party.PROVIDER)) == "wrong-state"
    assert running(standing, CONTRACT, _CALENDAR) is None
    again = step(StepKind.SUPPLEMENTED, Party.REQUESTER, 2, **applied(items=ASKED).facts)
    standing = taken(applied(items=[]), again)
    assert running(standing, CONTRACT, _CALENDAR) == (Clock.ANSWER_CONDITIONAL, date(2026, 3, 18))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"head": ""}, "head"),
        ({"head": "officer-1"}, "head"),
        ({"mode": "a disk by post"}, "mode"),
        ({"items": KEPT}, "items"),
        ({"items": ["nothing"]}, "items"),
        ({"rows": "division.eq"}, "rows"),
        ({"until": "2026-03-02"}, "until"),
        ({"scenario": 7}, "scenario"),
    ],
)
def test_what_is_missing_or_cannot_be_read_is_a_gap(changed: dict[str, Any], field: str) -> None:
    standing = taken(applied(**changed))
    assert [one.field for one in standing.gaps] == [field]


def test_only_a_published_condition_is_a_ground_to_refuse() -> None:
    standing = taken(applied(items=ASKED))
    assert set(conditions(standing.application, CONTRACT)) == {
        "conditions_of_use",
        "holder.scope",
        "holder.purpose",
    }
    other = step(StepKind.REFUSED, Party.PROVIDER, condition="we would rather not")
    assert refused(standing, other) == "unpublished-condition"
    assert taken(applied(items=ASKED), step(StepKind.REFUSED, Party.PROVIDER)).state is State.REFUSED


def test_an_answer_is_put_off_by_ten_working_days_in_all() -> None:
    first = (
        step(StepKind.EXTENSION_ASKED, Party.PROVIDER, working_days=8),
        step(StepKind.EXTENDED, Party.AUTHORITY, working_days=7),
    )
    standing = taken(applied(items=ASKED), *first)
    assert running(standing, CONTRACT, _CALENDAR) == (Clock.ANSWER_CONDITIONAL, date(2026, 3, 25))
    again = step(StepKind.EXTENSION_ASKED, Party.PROVIDER)
    assert refused(standing, step(again.kind, again.party, working_days=4)) == "too-long"
    assert refused(standing, step(again.kind, again.party, reason="")) == "says-too-little"
    assert refused(standing, step(again.kind, again.party, second="")) == "two-people"
    granted = step(StepKind.EXTENDED, Party.AUTHORITY)
    assert taken(applied(items=ASKED), *first, again, granted).extension == 10


def test_the_authority_alone_puts_an_answer_off_and_no_longer_than_was_asked() -> None:
    received, asked = applied(items=ASKED), step(StepKind.EXTENSION_ASKED, Party.PROVIDER, working_days=3)
    standing = taken(received, asked)
    assert running(standing, CONTRACT, _CALENDAR) == (Clock.ANSWER_CONDITIONAL, date(2026, 3, 16))
    assert refused(standing, step(StepKind.EXTENDED, Party.PROVIDER)) == "wrong-party"
    assert refused(standing, step(StepKind.EXTENDED, Party.AUTHORITY, working_days=4)) == "too-long"
    assert refused(taken(received), step(StepKind.EXTENDED, Party.AUTHORITY)) == "wrong-state"
    granted = taken(received, asked, step(StepKind.EXTENDED, Party.AUTHORITY))
    assert refused(granted, step(StepKind.EXTENDED, Party.AUTHORITY)) == "wrong-state"


def test_agreement_and_suspension_take_two_named_people() -> None:
    received = taken(applied(items=ASKED))
    assert refused(received, step(StepKind.AGREED, Party.PROVIDER, second="officer-2")) == "two-people"
    assert refused(received, step(StepKind.AGREED, Party.PROVIDER, second="")) == "two-people"
    agreed = step(StepKind.AGREED, Party.PROVIDER)
    live = taken(applied(items=ASKED), agreed, step(StepKind.DELIVERED, Party.PROVIDER))
    assert refused(live, step(StepKind.SUSPENDED, Party.PROVIDER, second="")) == "two-people"


def test_what_was_agreed_is_delivered_within_twenty_working_days() -> None:
    standing = taken(applied(items=ASKED), step(StepKind.AGREED, Party.PROVIDER))
    assert running(standing, CONTRACT, _CALENDAR) == (Clock.DELIVER, date(2026, 3, 31))


def test_a_provider_does_not_end_a_service_alone() -> None:
    live = taken(
        applied(items=ASKED),
        step(StepKind.AGREED, Party.PROVIDER),
        step(StepKind.DELIVERED, Party.PROVIDER),
    )
    assert refused(live, step(StepKind.ENDED, Party.PROVIDER)) == "wrong-party"
    assert taken_on(live, step(StepKind.ENDED, Party.AUTHORITY)).state is State.ENDED


def test_what_is_no_longer_used_is_disposed_of_with_a_certificate() -> None:
    ended = taken(
        applied(items=ASKED),
        step(StepKind.AGREED, Party.PROVIDER),
        step(StepKind.DELIVERED, Party.PROVIDER),
        step(StepKind.ENDED, Party.REQUESTER),
    )
    assert refused(ended, step(StepKind.DISPOSED, Party.REQUESTER)) == "wrong-state"
    assert needed(ended, CONTRACT, _TODAY) is StepKind.DISPOSAL_ORDERED
    ordered = taken_on(ended, step(StepKind.DISPOSAL_ORDERED, Party.BRIDGE))
    assert refused(ordered, step(StepKind.DISPOSED, Party.REQUESTER, second="")) == "two-people"
    assert taken_on(ordered, step(StepKind.DISPOSED, Party.REQUESTER)).disposed


def test_a_use_ends_by_itself_with_the_day_that_was_asked_for() -> None:
    live = taken(applied(), step(StepKind.AGREED, Party.BRIDGE), step(StepKind.DELIVERED, Party.BRIDGE))
    assert needed(live, CONTRACT, date(2027, 3, 1)) is None
    assert needed(live, CONTRACT, date(2027, 3, 2)) is StepKind.ENDED


def test_nobody_steps_in_anothers_request() -> None:
    standing = taken(applied(items=[]))
    other = step(StepKind.SUPPLEMENTED, Party.REQUESTER)
    stranger = Step(other.kind, other.at, other.party, AUTHORITY, "officer-9", "", applied().facts)
    assert refused(standing, stranger) == "wrong-party"
    assert refused(None, step(StepKind.AGREED, Party.PROVIDER)) == "wrong-state"


def taken_on(standing: Standing, one: Step) -> Standing:
    check(standing, one, CONTRACT)
    return after(standing, one, CONTRACT)


_ANY_STEP = some.builds(
    step,
    some.sampled_from(StepKind),
    some.sampled_from(Party),
    some.integers(0, 60),
    second=some.sampled_from(("", "head-2", "officer-2")),
)


@given(some.sampled_from((FREE, ASKED, [])), some.lists(_ANY_STEP, max_size=25))
def test_whatever_is_tried_the_law_holds(items: list[str], tried: list[Step]) -> None:
    standing = taken(applied(items=items))
    kept = [applied(items=items)]
    for one in tried:
        try:
            check(standing, one, CONTRACT)
        except StepRefused:
            continue
        assert one.party in RULES[one.kind].by
        if one.kind is StepKind.DELIVERED and items == ASKED:
            agreed = [before for before in kept if before.kind is StepKind.AGREED]
            assert len(agreed) == 1
        assert one.kind is not StepKind.REFUSED or standing.state is State.RECEIVED
        standing = after(standing, one, CONTRACT)
        kept.append(one)
        assert standing.extension <= 10
    assert stands(kept, CONTRACT) == standing
