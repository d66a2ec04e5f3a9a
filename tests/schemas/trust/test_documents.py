"""Signed documents, the registry and the grants in them: what is read, and why the rest is refused."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import grants, keys, registry, signed
from schemas.trust.model import Role
from schemas.trust.signed import DocumentRefused

_AUTHORITY = keys.new_key()
_OTHER = keys.new_key()
_TRUSTED = {_AUTHORITY.key_id: _AUTHORITY.public_hex}
_MEMBER = keys.new_key()
_SECOND = keys.new_key()
_REGISTRY: dict[str, Any] = {
    "number": 1,
    "issued": "2026-01-01T00:00:00+08:00",
    "expires": "2027-01-01T00:00:00+08:00",
    "members": [
        {"id": "330200.taxation", "system": "tax-desk", "keys": {_MEMBER.key_id: _MEMBER.public_hex}}
    ],
}
_GRANTS: dict[str, Any] = {
    "number": 1,
    "expires": "2027-01-01T00:00:00+08:00",
    "grants": [
        {
            "id": "g1",
            "member": "330200.taxation",
            "dataset": "harbour.boats",
            "items": ["owner_id"],
            "purpose": "tax inspection",
            "not_before": "2026-01-01T00:00:00+08:00",
            "expires": "2026-07-01T00:00:00+08:00",
            "rows": "division.eq.330203",
            "quota_per_day": 100,
            "provider": "330203.harbour",
        }
    ],
}


def test_a_signed_document_is_read_as_it_was() -> None:
    assert signed.read(signed.sign(_REGISTRY, _AUTHORITY), _TRUSTED) == _REGISTRY


def _altered() -> str:
    head, _, mark = signed.sign(_REGISTRY, _AUTHORITY).split(".")
    _, body, _ = signed.sign(_REGISTRY | {"number": 2}, _AUTHORITY).split(".")
    return f"{head}.{body}.{mark}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("not signed", "malformed"),
        (signed.sign(_REGISTRY, _AUTHORITY).rpartition(".")[0], "malformed"),
        (signed.sign(_REGISTRY, _OTHER), "unknown-key"),
        (
            signed.sign(_REGISTRY, keys.KeyPair(_OTHER.private, _OTHER.public_hex, _AUTHORITY.key_id)),
            "bad-signature",
        ),
        (_altered(), "bad-signature"),
        (signed.sign([1], _AUTHORITY), "malformed"),  # type: ignore[arg-type]
    ],
)
def test_a_document_that_nobody_trusted_signed_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        signed.read(text, _TRUSTED)
    assert refused.value.reason == reason


def test_a_key_that_is_trusted_but_no_key_refuses_the_document() -> None:
    with pytest.raises(DocumentRefused, match="malformed"):
        signed.read(signed.sign(_REGISTRY, _AUTHORITY), {_AUTHORITY.key_id: "00"})


def test_a_registry_survives_its_document() -> None:
    read = registry.from_document(_REGISTRY)
    assert registry.from_document(registry.to_document(read, datetime(2026, 1, 1, tzinfo=UTC))) == read
    assert read.key(_MEMBER.key_id) == (read.members["tax-desk"], _MEMBER.public_hex)
    assert read.key("nobody's") is None


def test_a_registry_says_what_a_system_does_and_old_ones_list_systems_that_ask() -> None:
    issued = datetime(2026, 1, 1, tzinfo=UTC)
    assert registry.from_document(_REGISTRY).members["tax-desk"].role is Role.SYSTEM
    for role in ("node", "gateway", "system"):
        read = registry.from_document(_changed(_REGISTRY, ("members", 0, "role"), role))
        assert read.members["tax-desk"].role == role
        assert registry.from_document(registry.to_document(read, issued)) == read


def test_grants_are_read() -> None:
    grant = grants.from_document(_GRANTS).by_id["g1"]
    assert (grant.items, grant.rows, grant.quota_per_day) == (("owner_id",), "division.eq.330203", 100)


_GONE = object()


def _changed(document: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed: Any = deepcopy(document)
    place = changed
    for step in path[:-1]:
        place = place[step]
    if value is _GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return dict(changed)


_TWICE = {"id": "330200.credit", "system": "tax-desk", "keys": {_SECOND.key_id: _SECOND.public_hex}}
_SHARED = {"id": "330200.credit", "system": "credit-desk", "keys": {_MEMBER.key_id: _MEMBER.public_hex}}


@pytest.mark.parametrize("value", [_GONE, None, 0, -1, 1.5, "1", True])
def test_a_document_needs_its_number(value: object) -> None:
    for document, read in ((_REGISTRY, registry.from_document), (_GRANTS, grants.from_document)):
        with pytest.raises(DocumentRefused, match="number must be a whole number from 1"):
            read(_changed(document, ("number",), value))


@pytest.mark.parametrize("value", [_GONE, None, "soon", "2027-01-01T00:00:00", 5])
def test_a_document_needs_its_expiry_with_a_zone(value: object) -> None:
    for document, read in ((_REGISTRY, registry.from_document), (_GRANTS, grants.from_document)):
        with pytest.raises(DocumentRefused, match="expires must be a time with zone"):
            read(_changed(document, ("expires",), value))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("members",), _GONE, "members must be a list of objects"),
        (("members",), {}, "members must be a list of objects"),
        (("members",), ["a"], "members must be a list of objects"),
        (("members", 0, "id"), _GONE, "id must be a text"),
        (("members", 0, "id"), "", "id must be a text"),
        (("members", 0, "system"), 5, "system must be a text"),
        (("members", 0, "keys"), _GONE, "needs keys"),
        (("members", 0, "keys"), {}, "needs keys"),
        (("members", 0, "keys"), {"k": "00"}, "32 bytes in hex"),
        (("members", 0, "keys"), {"k": None}, "32 bytes in hex"),
        (("members", 0, "role"), "authority", "role must be one of system, node, gateway"),
        (("members", 0, "role"), None, "role must be one of"),
        (("members", 0, "role"), ["gateway"], "role must be one of"),
        (("members",), [*_REGISTRY["members"], _TWICE], "two members name one system"),
        (("members",), [*_REGISTRY["members"], _SHARED], "one key stands for two systems"),
    ],
)
def test_a_malformed_registry_is_refused(path: tuple[Any, ...], value: object, says: str) -> None:
    with pytest.raises(DocumentRefused, match=says) as refused:
        registry.from_document(_changed(_REGISTRY, path, value))
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("grants",), _GONE, "grants must be a list of objects"),
        (("grants",), [_GRANTS["grants"][0]] * 2, "two grants bear one id"),
        (("grants", 0, "id"), _GONE, "id must be a text"),
        (("grants", 0, "id"), "g,1", "no purpose could name it"),
        (("grants", 0, "member"), None, "member must be a text"),
        (("grants", 0, "dataset"), "", "dataset must be a text"),
        (("grants", 0, "purpose"), _GONE, "purpose must be a text"),
        (("grants", 0, "items"), _GONE, "names its items"),
        (("grants", 0, "items"), [], "names its items"),
        (("grants", 0, "items"), "owner_id", "items must be a list of texts"),
        (("grants", 0, "items"), [5], "items must be a list of texts"),
        (("grants", 0, "items"), [""], "items must be a list of texts"),
        (("grants", 0, "not_before"), _GONE, "not_before must be a time with zone"),
        (("grants", 0, "expires"), "2026-07-01", "expires must be a time with zone"),
        (("grants", 0, "quota_per_day"), 0, "quota_per_day"),
        (("grants", 0, "quota_per_day"), True, "quota_per_day"),
        (("grants", 0, "provider"), 5, "provider must be a text"),
        (("grants", 0, "delegates"), "data-desk", "delegates must be a list of texts"),
        (("grants", 0, "delegates"), None, "delegates must be a list of texts"),
        (("grants", 0, "delegates"), [""], "delegates must be a list of texts"),
        (("grants", 0, "case"), True, "case is required, or not said"),
        (("grants", 0, "case"), ["required"], "case is required, or not said"),
        (("grants", 0, "rows"), "", "rows is a filter"),
        (("grants", 0, "rows"), 5, "rows is a filter"),
        (("grants", 0, "rows"), "division", "rows cannot be read"),
        (("grants", 0, "rows"), "division=eq.330203", "rows cannot be read"),
        (("grants", 0, "rows"), "division.eq.1),or(division.eq.2", "rows cannot be read"),
    ],
)
def test_malformed_grants_are_refused(path: tuple[Any, ...], value: object, says: str) -> None:
    with pytest.raises(DocumentRefused, match=says) as refused:
        grants.from_document(_changed(_GRANTS, path, value))
    assert refused.value.reason == "malformed"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(_JSON)
def test_any_json_is_a_document_or_refused_as_one(content: object) -> None:
    for check in (registry.check_document, grants.check_document):
        with pytest.raises(DocumentRefused):
            check(content)


@given(
    st.sampled_from(["members", "grants", "number", "expires"]),
    st.sampled_from(["id", "keys", "items", "rows", "not_before"]),
    _JSON,
)
def test_any_member_of_a_document_is_read_or_refused(outer: str, inner: str, value: object) -> None:
    for document, listed, check in (
        (_REGISTRY, "members", registry.check_document),
        (_GRANTS, "grants", grants.check_document),
    ):
        for changed in (
            document | {outer: value},
            document | {listed: [document[listed][0] | {inner: value}]},
        ):
            try:
                check(changed)
            except DocumentRefused as refused:
                assert refused.reason == "malformed"  # noqa: PT017
