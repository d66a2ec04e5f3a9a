"""Who may read and write which topic follows from contracts, registry and grants, for every topic and everybody."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.derived.acls import EVERYBODY, Publisher, Right, rights
from schemas.derived.topics import topics_of
from schemas.law.sharing.limits import legal_day
from schemas.trust.grants import Grants
from schemas.trust.model import Grant, Member
from schemas.trust.registry import Registry
from schemas.trust.retiring import Retirement
from tests import workshop

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_DAY = timedelta(days=1)
_RELAY, _OTHER = "330203.workshop", "330204.workshop"
_WINDOW, _DESK, _ARCHIVE = "330200.approvals/window", "330200.approvals/desk", "330200.archive/reader"
_MEMBERS = {_WINDOW: "330200.approvals", _DESK: "330200.approvals", _ARCHIVE: "330200.archive"}
_CONTRACTS = tuple(one.contract for one in workshop.MAPPINGS)
_GRANT = Grant(
    id="g1",
    member="330200.approvals",
    dataset=workshop.TOOLS,
    items=("holder",),
    purpose="核验",
    not_before=_NOW - _DAY,
    expires=_NOW + _DAY,
)
_OF_LOANS = replace(_GRANT, dataset=workshop.LOANS, items=("lent_at",))
#: Loans without the one item that every member may see.
_CLOSED = workshop.contract(
    workshop.LOANS,
    1,
    tuple(one for one in workshop.LOANS_1.items.values() if one.name != "count"),
    ("borrower",),
)


def _registry(expires: datetime = _NOW + _DAY, further: Mapping[str, str] | None = None) -> Registry:
    listed = {**_MEMBERS, **(further or {})}
    members = {system: Member(member, system, {}) for system, member in listed.items()}
    return Registry(1, expires, members, {})


def _grants(*given: Grant, expires: datetime = _NOW + _DAY) -> Grants:
    return Grants(1, expires, {one.id: one for one in given})


def _rights(
    grants: Grants, registry: Registry | None, department: str = _RELAY, now: datetime = _NOW
) -> list[Right]:
    return rights("city", [Publisher(department, _CONTRACTS, grants)], registry, now)


def _readers(found: list[Right], topic: str) -> set[str]:
    return {
        one.principal for one in found if (one.resource, one.name, one.operation) == ("topic", topic, "read")
    }


def _topic(audience: str, dataset: str = workshop.TOOLS) -> str:
    return f"city.{_RELAY.partition('.')[0]}.{dataset}.v1.{audience}"


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        ("public", {EVERYBODY}),
        ("shared", {_WINDOW, _DESK, _ARCHIVE}),
        ("granted", {_WINDOW, _DESK}),
        ("control", {_WINDOW, _DESK, _ARCHIVE}),
    ],
)
def test_each_audience_is_read_by_those_it_is_for_and_by_its_own_relay(
    audience: str, readers: set[str]
) -> None:
    assert _readers(_rights(_grants(_GRANT), _registry()), _topic(audience)) == readers | {_RELAY}


@pytest.mark.parametrize(("grant", "holders"), [(_GRANT, set()), (_OF_LOANS, {_WINDOW, _DESK})])
def test_of_a_dataset_that_tells_members_nothing_holders_of_a_grant_alone_are_told_how_its_feed_goes(
    grant: Grant, holders: set[str]
) -> None:
    found = rights("city", [Publisher(_RELAY, (_CLOSED,), _grants(grant))], _registry(), _NOW)
    for audience in ("granted", "control"):
        assert _readers(found, _topic(audience, workshop.LOANS)) == holders | {_RELAY}


def test_of_a_major_that_was_retired_nobody_but_its_relay_reads_a_topic() -> None:
    ends = Retirement(workshop.TOOLS, 1, _NOW - 90 * _DAY, legal_day(_NOW))
    ending = replace(_grants(_GRANT), retiring={(workshop.TOOLS, 1): ends})
    before = _rights(ending, _registry(), now=_NOW - timedelta(hours=13))
    assert before == _rights(_grants(_GRANT), _registry())
    after = _rights(ending, _registry())
    others = {one for one in before if one.name.startswith(f"city.330203.{workshop.TOOLS}.")} - set(after)
    assert {one.principal for one in others} == {EVERYBODY, _WINDOW, _DESK, _ARCHIVE}
    for audience in ("public", "shared", "granted", "control"):
        assert _readers(after, _topic(audience)) == {_RELAY}


def test_the_registry_is_read_by_departments_alone_and_written_by_none_of_them() -> None:
    found = _rights(_grants(_GRANT), _registry())
    assert _readers(found, "city.registry") == {_RELAY}
    assert {one.operation for one in found if one.name == "city.registry"} == {"read"}


def test_a_grant_on_one_dataset_opens_no_other() -> None:
    assert _readers(_rights(_grants(_GRANT), _registry()), _topic("granted", workshop.LOANS)) == {_RELAY}


@pytest.mark.parametrize(
    "grants",
    [
        Grants(),
        _grants(_GRANT, expires=_NOW),
        _grants(replace(_GRANT, expires=_NOW)),
        _grants(replace(_GRANT, not_before=_NOW + _DAY / 2)),
        _grants(replace(_GRANT, provider=_OTHER)),
        _grants(replace(_GRANT, member="330200.nobody")),
        _grants(replace(_GRANT, rows="number.eq.T1")),
        _grants(replace(_GRANT, case_required=True)),
        _grants(replace(_GRANT, member="330200.nobody", delegates=(_WINDOW,))),
    ],
    ids=[
        "none",
        "an expired document",
        "expired",
        "not yet",
        "of another department",
        "of no member",
        "of some rows",
        "of cases alone",
        "by which one acts for another",
    ],
)
def test_a_grant_that_does_not_hold_or_not_of_all_records_opens_nothing(grants: Grants) -> None:
    assert _readers(_rights(grants, _registry()), _topic("granted")) == {_RELAY}


@pytest.mark.parametrize("registry", [None, _registry(expires=_NOW)], ids=["none", "expired"])
def test_without_a_registry_that_holds_everybody_reads_public_topics_alone(registry: Registry | None) -> None:
    found = _rights(_grants(_GRANT), registry)
    assert {one.principal for one in found} == {EVERYBODY, _RELAY}
    assert {one.name.rpartition(".")[2] for one in found if one.principal == EVERYBODY} == {"public"}


def test_a_member_who_calls_itself_everybody_is_nobody() -> None:
    named = _rights(_grants(), _registry(further={EVERYBODY: "330200.approvals"}))
    assert named == _rights(_grants(), _registry())


def test_a_relay_writes_its_own_topics_all_of_them_and_nobody_else_writes() -> None:
    publishers = [Publisher(department, _CONTRACTS, _grants(_GRANT)) for department in (_RELAY, _OTHER)]
    written = [one for one in rights("city", publishers, _registry(), _NOW) if one.operation != "read"]
    assert {(one.principal, one.name, one.operation) for one in written} == {
        (publisher.department, str(topic), "write")
        for publisher in publishers
        for contract in _CONTRACTS
        for topic in topics_of(contract, "city", publisher.division)
    }


def test_every_right_is_under_the_environment_and_none_is_told_twice() -> None:
    found = _rights(_grants(_GRANT), _registry())
    assert all(one.name.startswith("city.") for one in found)
    assert found == sorted(set(found))


def test_a_system_has_the_consumer_groups_that_begin_with_its_name() -> None:
    groups = [one for one in _rights(_grants(), _registry()) if one.resource == "group"]
    assert [(one.name, one.pattern, one.principal) for one in groups] == [
        (f"city.{system}.", "prefixed", system) for system in sorted(_MEMBERS)
    ]
