"""What a person is told of what a grant was given for, and from when they are told anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.trust.about import told
from schemas.trust.entries import instant
from schemas.trust.model import Grant

_NOW = datetime(2026, 5, 4, tzinfo=UTC)
_GRANT = Grant("G-1", "330203.approvals", "land.titles", ("owner",), "checking", _NOW, _NOW)
_OTHER = replace(_GRANT, id="G-2", purpose="other")
_ENTRY: dict[str, Any] = {
    "number": 7,
    "at": instant(_NOW - timedelta(days=9)),
    "act": "read",
    "member": _GRANT.member,
    "purpose": "grant:G-1,G-2",
}


def _use(entry: dict[str, Any], *grants: Grant) -> object:
    found = told(_ENTRY | entry, _NOW, {one.id: one for one in grants})
    assert found is not None
    return found.get("use")


@pytest.mark.parametrize(
    ("entry", "grants", "use"),
    [
        ({}, (_GRANT, _OTHER), "checking"),
        ({}, (_OTHER,), "other"),
        ({"grant": "G-2"}, (_GRANT, _OTHER), "other"),
        ({"grant": "G-2"}, (_GRANT,), None),
        ({"purpose": "grant:G-2"}, (_GRANT,), None),
        ({"on_behalf": "330203.police"}, (_GRANT, _OTHER), None),
    ],
)
def test_the_use_is_that_of_the_grant_that_was_leaned_on_or_else_of_the_first_that_is_known(
    entry: dict[str, Any], grants: tuple[Grant, ...], use: str | None
) -> None:
    assert _use(entry, *grants) == use


def test_the_use_of_a_grant_that_hides_is_never_told() -> None:
    """Also where the entry was made before the grant was known to hide."""
    assert _use({"purpose": "grant:G-1"}, replace(_GRANT, untold="a law")) is None
    assert _use({"grant": "G-1"}, replace(_GRANT, untold="a law")) is None
    later = replace(_GRANT, told_after_days=5)
    assert _use({"purpose": "grant:G-1"}, later) is None
    assert _use({"told_from": instant(_NOW)}, later) == "checking", "its time has come"
