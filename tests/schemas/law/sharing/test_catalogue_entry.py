"""Catalogue entries: two people before the authority sees one, an answer in two working days, no end without notice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.law.calendar import WorkingDays
from schemas.law.sharing.catalogue_entry import (
    SHORTEST_NOTICE,
    CatalogueEntry,
    Taken,
    after,
    check,
    folded,
    needed,
    review_due,
)
from schemas.law.sharing.entry_rules import EntryState, EntryStep
from schemas.law.sharing.steps import Party, StepRefused
from tests.schemas.law.sharing.made import AUTHORITY, PROVIDER

_AT = datetime(2026, 4, 29, 2, tzinfo=UTC)
_ENDS = "2026-12-31"
_BY = {
    EntryStep.RETURNED: Party.AUTHORITY,
    EntryStep.PUBLISHED: Party.AUTHORITY,
    EntryStep.RETIREMENT_NOTICED: Party.AUTHORITY,
    EntryStep.SUPERSEDED: Party.BRIDGE,
    EntryStep.RETIRED: Party.BRIDGE,
}
_OFFICERS = {EntryStep.APPROVED: "head-1"}
_SAID: dict[EntryStep, dict[str, Any]] = {
    EntryStep.RETURNED: {"gaps": ["legal_basis"]},
    EntryStep.RETIREMENT_NOTICED: {"ends": _ENDS, "reason": "a new major", "users": ["b/desk", "a/desk"]},
}
_PUBLISHING = (EntryStep.DRAFTED, EntryStep.APPROVED, EntryStep.SUBMITTED, EntryStep.PUBLISHED)


def step(kind: EntryStep, *, at: datetime = _AT, **changed: Any) -> Taken:
    party = changed.pop("party", _BY.get(kind, Party.PROVIDER))
    officer = changed.pop("officer", _OFFICERS.get(kind, "officer-1"))
    member = PROVIDER if party is Party.PROVIDER else AUTHORITY
    return Taken(kind, at, party, member, officer, facts={**_SAID.get(kind, {}), **changed})


def taken(*kinds: EntryStep) -> CatalogueEntry:
    entry: CatalogueEntry | None = None
    for kind in kinds:
        one = step(kind)
        check(entry, one)
        entry = after(entry, one)
    assert entry is not None
    return entry


def refused(entry: CatalogueEntry | None, one: Taken) -> str:
    with pytest.raises(StepRefused) as refusal:
        check(entry, one)
    return refusal.value.code


def test_an_entry_is_asked_for_once_it_is_published_and_not_before() -> None:
    standings = [taken(*_PUBLISHING[:length]) for length in range(1, 5)]
    assert [one.can_be_asked_for for one in standings] == [False, False, False, True]


def test_the_head_who_approves_is_not_the_officer_who_drafted() -> None:
    assert refused(taken(EntryStep.DRAFTED), step(EntryStep.APPROVED, officer="officer-1")) == "two-people"


def test_a_change_after_approval_needs_approval_again() -> None:
    entry = taken(EntryStep.DRAFTED, EntryStep.APPROVED, EntryStep.DRAFTED)
    assert refused(entry, step(EntryStep.SUBMITTED)) == "wrong-state"


def test_what_is_returned_says_what_is_wrong_and_begins_anew() -> None:
    submitted = taken(*_PUBLISHING[:3])
    assert refused(submitted, step(EntryStep.RETURNED, gaps=[])) == "says-too-little"
    assert taken(*_PUBLISHING[:3], EntryStep.RETURNED).state is EntryState.DRAFT


def test_the_authority_answers_within_two_working_days() -> None:
    assert review_due(taken(*_PUBLISHING[:3]), WorkingDays()) == date(2026, 5, 6)
    assert review_due(taken(*_PUBLISHING), WorkingDays()) is None


def test_a_provider_neither_publishes_nor_retires_by_itself() -> None:
    assert refused(taken(*_PUBLISHING[:3]), step(EntryStep.PUBLISHED, party=Party.PROVIDER)) == "wrong-party"
    notice = step(EntryStep.RETIREMENT_NOTICED, party=Party.PROVIDER)
    assert refused(taken(*_PUBLISHING), notice) == "wrong-party"


@pytest.mark.parametrize("ends", [(_AT + SHORTEST_NOTICE - timedelta(days=1)).date().isoformat(), "soon"])
def test_users_are_told_in_good_time(ends: str) -> None:
    notice = step(EntryStep.RETIREMENT_NOTICED, ends=ends)
    assert refused(taken(*_PUBLISHING), notice) in ("too-soon", "says-too-little")


def test_a_major_that_is_retired_stays_until_its_day_and_names_who_still_uses_it() -> None:
    entry = taken(*_PUBLISHING, EntryStep.RETIREMENT_NOTICED)
    last_evening, the_day = datetime(2026, 12, 30, 15, tzinfo=UTC), datetime(2026, 12, 30, 16, tzinfo=UTC)
    assert entry.users == ("a/desk", "b/desk")
    assert entry.can_be_asked_for
    assert needed(entry, last_evening) is None
    assert refused(entry, step(EntryStep.RETIRED, at=last_evening)) == "too-soon"
    assert needed(entry, the_day) is EntryStep.RETIRED
    check(entry, step(EntryStep.RETIRED, at=the_day))
    assert after(entry, step(EntryStep.RETIRED, at=the_day)).state is EntryState.RETIRED


def test_the_next_version_takes_the_place_of_this_one() -> None:
    entry = taken(*_PUBLISHING, EntryStep.SUPERSEDED)
    assert entry.state is EntryState.SUPERSEDED
    assert not entry.can_be_asked_for


@given(some.lists(some.sampled_from(EntryStep), max_size=20))
def test_nothing_is_published_that_two_people_and_the_authority_have_not_seen(kinds: list[EntryStep]) -> None:
    entry: CatalogueEntry | None = None
    kept: list[Taken] = []
    for kind in kinds:
        one = step(kind)
        try:
            check(entry, one)
        except StepRefused:
            continue
        if kind is EntryStep.PUBLISHED:
            assert [before.kind for before in kept[-3:]] == [*_PUBLISHING[:3]]
        entry = after(entry, one)
        kept.append(one)
    assert folded(kept) == entry


def test_a_version_that_is_published_of_a_major_that_ends_is_given_its_day_without_further_notice() -> None:
    soon = (_AT + timedelta(days=3)).date().isoformat()
    entry = taken(*_PUBLISHING)
    assert refused(entry, step(EntryStep.RETIREMENT_NOTICED, ends=soon)) == "too-soon"
    given_it = step(EntryStep.RETIREMENT_NOTICED, party=Party.BRIDGE, ends=soon)
    check(entry, given_it)
    assert after(entry, given_it).ends == date.fromisoformat(soon)


def test_who_used_what_retires_is_kept_with_the_day_on_which_the_department_said_so() -> None:
    entry = taken(*_PUBLISHING, EntryStep.RETIREMENT_NOTICED)
    assert (entry.used, entry.told_on) == ({}, None)
    facts = {"users": ["c/desk"], "used": {"c/desk": "2026-05-01", "": "2026-05-02"}, "told_on": "2026-05-03"}
    recounted = step(EntryStep.USERS_RECOUNTED, party=Party.BRIDGE, **facts)
    check(entry, recounted)
    found = after(entry, recounted)
    assert (found.users, found.told_on) == (("c/desk",), date(2026, 5, 3))
    assert found.used == {"c/desk": date(2026, 5, 1), "": date(2026, 5, 2)}
