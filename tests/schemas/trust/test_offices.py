"""Whose signature counts on grants: the authority's, and that of an office of the same or a superior division."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.trust import registry
from schemas.trust.authority import Authority
from schemas.trust.keys import new_key
from schemas.trust.offices import granting

_AUTHORITY = Authority({"authority": new_key().public_hex})
_DEPARTMENT = "330203.taxation"


def _registered(office: str, role: str = "office", end: datetime | None = None) -> registry.Registry:
    key = new_key()
    line = {"id": office, "system": f"{office}/grants", "role": role, "keys": {"office": key.public_hex}}
    line |= {} if end is None else {"until": {"office": end.isoformat()}}
    expires = datetime.now(UTC) + timedelta(days=1)
    return registry.from_document({"number": 1, "expires": expires.isoformat(), "members": [line]})


@pytest.mark.parametrize(
    ("office", "counts"),
    [
        ("330203.data_office", True),
        ("330200.data_office", True),
        ("330000.data_office", True),
        ("330205.data_office", False),
        ("330100.data_office", False),
        ("320000.data_office", False),
        ("data_office", False),
    ],
)
def test_an_office_signs_for_its_own_area_alone(office: str, counts: bool) -> None:
    keys = granting(_AUTHORITY, _registered(office), _DEPARTMENT).keys
    assert "authority" in keys
    assert ("office" in keys) is counts


@pytest.mark.parametrize("role", ["system", "node", "gateway", "registrar"])
def test_no_other_role_signs_grants(role: str) -> None:
    assert granting(_AUTHORITY, _registered("330203.data_office", role), _DEPARTMENT) == _AUTHORITY


def test_a_key_of_an_office_never_stands_in_for_the_authority_s() -> None:
    authority = Authority({"office": new_key().public_hex})
    assert granting(authority, _registered("330203.data_office"), _DEPARTMENT).keys == authority.keys


def test_what_an_office_s_key_signs_counts_until_the_registry_says_that_it_ends() -> None:
    end = datetime(2026, 11, 23, tzinfo=UTC)
    trusted = granting(_AUTHORITY, _registered("330203.data_office", end=end), _DEPARTMENT)
    assert trusted.until == {"office": end}


def test_an_end_of_an_office_s_key_never_ends_one_of_the_authority_s() -> None:
    authority = Authority({"office": new_key().public_hex})
    end = datetime(2026, 11, 23, tzinfo=UTC)
    assert granting(authority, _registered("330203.data_office", end=end), _DEPARTMENT) == authority
