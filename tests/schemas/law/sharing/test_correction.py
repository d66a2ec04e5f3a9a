"""Correction requests: mended is what a topic shows, and whoever had the wrong value is told until it confirms."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.law.calendar import WorkingDays
from schemas.law.sharing.correction import (
    Corrected,
    Correction,
    CorrectionState,
    CorrectionStep,
    Said,
    Version,
    after,
    answer_due,
    check,
    folded,
    needed,
    running,
)
from schemas.law.sharing.limits import Clock
from schemas.law.sharing.steps import Party, StepRefused
from tests.schemas.law.sharing.made import AUTHORITY, PROVIDER, REQUESTER

_AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
_FILED: dict[str, Any] = {
    "dataset": "workshop.tools",
    "record": "T1",
    "item": "holder",
    "reason": "the tool was sold",
    "epoch": 1,
    "version": 4,
}
_MENDED = Corrected(Version(1, 5), frozenset({"holder"}))


def said(kind: CorrectionStep, party: Party, *, officer: str = "officer-1", **facts: Any) -> Said:
    member = {Party.REQUESTER: REQUESTER, Party.PROVIDER: PROVIDER}.get(party, AUTHORITY)
    return Said(kind, _AT, party, member, officer, facts=facts)


def filed(**changed: Any) -> Said:
    return said(CorrectionStep.FILED, Party.REQUESTER, **{**_FILED, **changed})


_CORRECTED = said(CorrectionStep.CORRECTED, Party.PROVIDER)
_LOOKED = said(
    CorrectionStep.LOOKED,
    Party.BRIDGE,
    epoch=1,
    version=4,
    was={"salt": "", "digest": ""},
    node="330203.workshop",
    entry=3,
    hash="b" * 64,
)
_UPHELD = said(CorrectionStep.UPHELD, Party.PROVIDER, reason="the holder is the one registered")
_NOTIFIED = said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=["a/window", "b/window"])
_LOG = {"node": "330203.workshop", "entry": 7, "hash": "a" * 64, "checkpoints": 2}


def read(*systems: str) -> Said:
    """The department's log is whole, and these received the wrong value by it."""
    return said(CorrectionStep.RECEIVERS_READ, Party.BRIDGE, received_by=list(systems), **_LOG)


def contradicted(finding: str, *systems: str) -> Said:
    facts = {"received_by": list(systems), "findings": [finding], **_LOG}
    return said(CorrectionStep.LOG_CONTRADICTED, Party.BRIDGE, **facts)


def refused(stands: Correction | None, step: Said, proof: Corrected | None = None) -> str:
    with pytest.raises(StepRefused) as refusal:
        check(stands, step, proof=proof)
    return refusal.value.code


@pytest.mark.parametrize(
    ("said", "by_subject"),
    [
        ({"by_subject": True, "identified": "identified:visit-1"}, True),
        ({"by_subject": True}, False),
        ({"by_subject": True, "identified": ""}, False),
        ({"identified": "identified:visit-1"}, False),
        ({}, False),
    ],
)
def test_a_step_of_before_in_which_whoever_filed_said_so_alone_is_not_the_subjects(
    said: dict[str, Any], by_subject: bool
) -> None:
    stands = folded([filed(**said)])
    assert stands is not None
    assert stands.by_subject is by_subject


def looked(**changed: Any) -> Correction:
    """Filed, and the office saw how the record stands: in version 1.4, whatever was said."""
    stands = after(None, filed(**changed))
    check(stands, _LOOKED)
    return after(stands, _LOOKED)


def corrected() -> Correction:
    stands = looked()
    check(stands, _CORRECTED, proof=_MENDED)
    return after(stands, _CORRECTED)


def test_an_answer_is_due_within_ten_working_days_until_there_is_one() -> None:
    check(None, filed())
    stands = after(None, filed())
    assert answer_due(stands, WorkingDays()) == date(2026, 3, 16)
    assert answer_due(corrected(), WorkingDays()) is None


@pytest.mark.parametrize(
    "proof",
    [
        None,
        Corrected(Version(1, 4), frozenset({"holder"})),
        Corrected(Version(1, 3), frozenset({"holder"})),
        Corrected(Version(1, 5), frozenset({"price"})),
    ],
)
def test_nothing_is_corrected_that_no_later_version_shows(proof: Corrected | None) -> None:
    assert refused(looked(), _CORRECTED, proof) == "not-corrected"


def test_nothing_is_corrected_before_the_office_has_seen_how_the_record_stands() -> None:
    assert refused(after(None, filed()), _CORRECTED, _MENDED) == "not-looked"


def test_a_look_that_shows_no_such_record_is_the_only_one_and_nothing_is_corrected_after_it() -> None:
    stands, nothing = after(None, filed()), said(CorrectionStep.LOOKED, Party.BRIDGE, absent=True)
    check(stands, nothing)
    stands = after(stands, nothing)
    codes = [refused(stands, one, _MENDED) for one in (nothing, _LOOKED, _CORRECTED)]
    assert codes == ["wrong-state", "wrong-state", "not-corrected"]


@pytest.mark.parametrize("version", [1, 4, 99])
def test_what_the_record_held_when_it_was_filed_counts_whatever_version_was_named(version: int) -> None:
    stands = looked(version=version)
    assert refused(stands, _CORRECTED, Corrected(Version(1, 4), frozenset({"holder"}))) == "not-corrected"
    check(stands, _CORRECTED, proof=_MENDED)


def test_a_version_of_a_later_epoch_is_later() -> None:
    check(looked(), _CORRECTED, proof=Corrected(Version(2, 1), frozenset({"holder"})))


def test_what_is_upheld_says_why_and_is_closed() -> None:
    stands = after(None, filed())
    assert refused(stands, said(CorrectionStep.UPHELD, Party.PROVIDER)) == "says-too-little"
    check(stands, _UPHELD)
    closed = after(stands, _UPHELD)
    assert closed.state is CorrectionState.UPHELD
    assert refused(closed, _CORRECTED, _MENDED) == "wrong-state"


def test_every_system_that_had_the_wrong_value_stays_open_until_it_confirms() -> None:
    stands = after(corrected(), _NOTIFIED)
    assert stands.open_at == {"a/window", "b/window"}
    confirmed = said(CorrectionStep.ACKNOWLEDGED, Party.REQUESTER, system="a/window")
    check(stands, confirmed)
    stands = after(stands, confirmed)
    assert stands.open_at == {"b/window"}
    assert refused(stands, confirmed) == "wrong-party"


@pytest.mark.parametrize("name", [*_FILED])
def test_a_request_names_record_item_version_and_reason(name: str) -> None:
    step = filed()
    lacking = Said(
        step.kind,
        step.at,
        step.party,
        step.member,
        step.officer,
        facts={one: value for one, value in _FILED.items() if one != name},
    )
    assert refused(None, lacking) == "says-too-little"


def test_each_step_has_its_party_and_its_officer() -> None:
    assert refused(None, _CORRECTED) == "wrong-state"
    assert refused(None, said(CorrectionStep.FILED, Party.PROVIDER, **_FILED)) == "wrong-party"
    stands = after(None, filed())
    assert refused(stands, said(CorrectionStep.UPHELD, Party.REQUESTER, reason="no")) == "wrong-party"
    assert refused(stands, said(CorrectionStep.UPHELD, Party.PROVIDER, officer="", reason="no")) == (
        "says-too-little"
    )


def test_its_steps_alone_say_how_it_stands() -> None:
    confirmed = said(CorrectionStep.ACKNOWLEDGED, Party.REQUESTER, system="b/window")
    assert folded([]) is None
    stands = folded([filed(), _CORRECTED, _NOTIFIED, confirmed])
    assert stands is not None
    assert (stands.state, stands.open_at) == (CorrectionState.CORRECTED, {"a/window"})


def test_whoever_received_the_wrong_value_is_told_by_itself_and_once() -> None:
    received = ["a/window", "b/window"]
    mended = said(CorrectionStep.CORRECTED, Party.PROVIDER, received_by=received, epoch=1, version=5)
    stands = after(after(None, filed()), mended)
    assert stands.corrected == Version(1, 5)
    assert needed(stands) is CorrectionStep.NOTIFIED
    told = after(stands, said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=received))
    assert needed(told) is None
    assert told.open_at == frozenset(received)
    assert needed(after(None, filed())) is needed(corrected()) is None


def test_it_says_who_filed_it_and_whether_the_subject_did() -> None:
    stands = after(None, filed(by_subject=True, identified="identified:visit-1"))
    assert (stands.filed_by, stands.by_subject) == (REQUESTER, True)
    assert not after(None, filed()).by_subject


def test_a_system_that_is_found_later_is_told_as_well_and_once() -> None:
    mended = said(CorrectionStep.CORRECTED, Party.PROVIDER, received_by=["a/window"], epoch=1, version=5)
    told = said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=["a/window"])
    stands = after(after(after(None, filed()), mended), told)
    more = said(CorrectionStep.RECEIVERS_ADDED, Party.PROVIDER, received_by=["a/window", "b/window"])
    check(stands, more)
    stands = after(stands, more)
    assert needed(stands) is CorrectionStep.NOTIFIED
    stands = after(stands, said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=["b/window"]))
    assert stands.open_at == {"a/window", "b/window"}
    assert refused(stands, more) == "wrong-state"
    assert refused(stands, said(more.kind, Party.REQUESTER, received_by=["c/window"])) == "wrong-party"
    assert refused(stands, said(more.kind, Party.PROVIDER)) == "says-too-little"


def test_who_received_it_is_to_be_read_out_of_the_log_within_three_days_once_it_is_corrected() -> None:
    stands, calendar = corrected(), WorkingDays()
    assert running(stands, calendar) == (Clock.RECEIVERS, date(2026, 3, 5))
    told = read("a/window", "b/window")
    check(stands, told)
    stands = after(stands, told)
    assert needed(stands) is CorrectionStep.NOTIFIED
    stands = after(stands, _NOTIFIED)
    assert running(stands, calendar) == (Clock.ACKNOWLEDGE, date(2026, 3, 5))
    assert refused(stands, told) == "wrong-state"


def test_a_log_that_shows_no_receiver_leaves_nothing_open() -> None:
    stands = after(corrected(), read())
    assert needed(stands) is None
    assert running(stands, WorkingDays()) is None


def test_only_the_bridge_says_what_the_log_shows() -> None:
    for step in (read("a/window"), contradicted("removed 4")):
        own = said(step.kind, Party.PROVIDER, **step.facts)
        assert refused(corrected(), own) == "wrong-party"
        assert refused(after(None, filed()), step) == "wrong-state"


def test_a_log_that_is_not_whole_is_recorded_once_for_each_finding_and_stays_to_be_read() -> None:
    stands, calendar = corrected(), WorkingDays()
    step = contradicted("removed 4", "a/window")
    check(stands, step)
    stands = after(stands, step)
    assert refused(stands, step) == "wrong-state"
    check(stands, contradicted("rewritten 9", "a/window"))
    stands = after(stands, said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=["a/window"]))
    assert running(stands, calendar) == (Clock.ACKNOWLEDGE, date(2026, 3, 5)), "who is known is told at once"
    stands = after(stands, said(CorrectionStep.ACKNOWLEDGED, Party.REQUESTER, system="a/window"))
    assert running(stands, calendar) == (Clock.RECEIVERS, date(2026, 3, 5))
    check(stands, read("a/window", "b/window"))
    assert after(stands, read("a/window", "b/window")).untold == {"b/window"}


def test_who_the_department_names_itself_does_not_stand_for_its_log() -> None:
    mended = said(CorrectionStep.CORRECTED, Party.PROVIDER, received_by=["c/file"], epoch=1, version=5)
    stands = after(after(None, filed()), mended)
    stands = after(stands, said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=["c/file"]))
    assert running(stands, WorkingDays()) == (Clock.RECEIVERS, date(2026, 3, 5))


def test_each_system_has_its_own_days_however_often_others_are_found() -> None:
    calendar, later = WorkingDays(), _AT + timedelta(days=2)
    stands = after(after(corrected(), read("a/window")), _NOTIFIED)
    again = Said(CorrectionStep.NOTIFIED, later, Party.BRIDGE, AUTHORITY, facts={"systems": ["c/window"]})
    stands = after(stands, again)
    assert running(stands, calendar) == (Clock.ACKNOWLEDGE, date(2026, 3, 5))
    for system in ("a/window", "b/window"):
        stands = after(stands, said(CorrectionStep.ACKNOWLEDGED, Party.REQUESTER, system=system))
    assert running(stands, calendar) == (Clock.ACKNOWLEDGE, date(2026, 3, 9))


def test_the_office_looks_once_while_the_request_is_open() -> None:
    stands = looked()
    assert stands.look is not None
    assert (stands.look.version, stands.look.entry) == (Version(1, 4), 3)
    assert refused(stands, _LOOKED) == refused(corrected(), _LOOKED) == "wrong-state"
