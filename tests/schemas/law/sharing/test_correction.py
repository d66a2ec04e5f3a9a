"""Correction requests: mended is what a topic shows, and whoever had the wrong value is told until it confirms."""

from datetime import UTC, date, datetime
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
)
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
_UPHELD = said(CorrectionStep.UPHELD, Party.PROVIDER, reason="the holder is the one registered")
_NOTIFIED = said(CorrectionStep.NOTIFIED, Party.BRIDGE, systems=["a/window", "b/window"])


def refused(stands: Correction | None, step: Said, proof: Corrected | None = None) -> str:
    with pytest.raises(StepRefused) as refusal:
        check(stands, step, proof=proof)
    return refusal.value.code


def corrected() -> Correction:
    stands = after(None, filed())
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
    assert refused(after(None, filed()), _CORRECTED, proof) == "not-corrected"


def test_a_version_of_a_later_epoch_is_later() -> None:
    check(after(None, filed()), _CORRECTED, proof=Corrected(Version(2, 1), frozenset({"holder"})))


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
    stands = after(None, filed(by_subject=True))
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
