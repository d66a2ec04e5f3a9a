"""The access decision by cases, and what holds for every one of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract, Sharing, SharingClass
from schemas.query.bind import bind
from schemas.query.parse import parse_params
from schemas.query.render import render_params
from schemas.query.tree import Query
from schemas.query.unbind import unbind
from schemas.trust import grants
from schemas.trust.access import decide, decide_write
from schemas.trust.model import Caller
from schemas.wire.problem import Problem
from tests.schemas.query.harbour import contract, item

_DATA = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text(encoding="utf-8"))
_CASES = _DATA["cases"]
_OWNER = "330203.harbour"
_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_GRANT = {
    "id": "g1",
    "member": "330200.taxation",
    "dataset": "harbour.boats",
    "items": ["owner_id"],
    "purpose": "tax inspection",
    "not_before": "2026-01-01T00:00:00+08:00",
    "expires": "2027-01-01T00:00:00+08:00",
}


def _contract(dataset: str, classes: Mapping[str, str]) -> Contract:
    def one(name: str, named: str) -> Any:
        sharing = Sharing(SharingClass("unconditional" if named == "open" else named))
        return replace(item(name), sharing=sharing, open_basis="law" if named == "open" else None)

    return contract(dataset, [one(name, named) for name, named in classes.items()])


_CATALOGUE = Catalogue(_contract(name, classes) for name, classes in _DATA["contracts"].items())


def _caller(case: dict[str, Any]) -> Caller:
    caller = Caller(**_DATA["callers"][case["caller"]])
    return replace(caller, purpose=case["purpose"]) if "purpose" in case else caller


def _grants(case: dict[str, Any]) -> grants.Grants:
    expires = case.get("document_expires", "2026-12-31T00:00:00+08:00")
    return grants.from_document({"number": 1, "expires": expires, "grants": [_GRANT | case.get("grant", {})]})


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_access_is_decided(case: dict[str, Any]) -> None:
    dataset = case.get("dataset", "harbour.boats")
    query = bind(parse_params(case["by"].items()), _CATALOGUE, dataset)
    if "refused" in case:
        with pytest.raises(Problem) as refused:
            decide(query, _caller(case), _grants(case), _NOW, owner=_OWNER)
        assert refused.value.code == case["refused"]
        assert refused.value.members.get("items") == case.get("items")
        return
    allowed = decide(query, _caller(case), _grants(case), _NOW, owner=_OWNER).query
    assert [column.name for column in allowed.columns] == case["sees"]
    assert not allowed.star
    rows = render_params(Query(where=unbind(allowed).where))
    expected = case.get(
        "rows", [{name: text} for name, text in case["by"].items() if name not in ("select", "order")]
    )
    assert [{name: text} for name, text in rows] == expected


_ITEMS = ["number", "kind", "crew", "owner_id", "tax", "remark", "record_id", "record_version"]


@given(
    st.lists(st.sampled_from(_ITEMS), unique=True, max_size=4),
    st.lists(st.sampled_from(_ITEMS[:6]), unique=True, max_size=3),
    st.lists(st.sampled_from(_ITEMS[:6]), unique=True, min_size=1),
    st.sampled_from(sorted(_DATA["callers"])),
)
def test_whatever_is_asked_nothing_withheld_and_nothing_ungranted_is_used(
    shown: list[str], filtered: list[str], granted: list[str], name: str
) -> None:
    pairs = [("select", ",".join(shown)), *((one, "is.null") for one in filtered)]
    query = bind(parse_params(pairs), _CATALOGUE, "harbour.boats")
    caller = Caller(**_DATA["callers"][name])
    grant = {"items": granted, "delegates": ["data-desk"]}
    try:
        allowed = decide(query, caller, _grants({"grant": grant}), _NOW, owner=_OWNER).query
    except Problem:
        return
    classes = _DATA["contracts"]["harbour.boats"]
    may = {"nobody": {"open"}, "owner": {"open", "unconditional", "conditional"}}.get(
        name, {"open", "unconditional"}
    )
    used = {one for one in allowed.used_items() if one in classes}
    seen = {one for one in used if classes[one] not in may}
    assert seen <= (set(granted) if name in ("holder", "delegate") else set())
    assert not any(classes[one] == "withheld" for one in used)
    assert name not in ("silent", "aimless")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nobody", "token-required"),
        ("member", "not-owner"),
        ("holder", "not-owner"),
        ("delegate", "not-owner"),
        ("owner", None),
    ],
)
def test_only_the_owner_writes(name: str, code: str | None) -> None:
    boats = _CATALOGUE.contract("harbour.boats")
    caller = Caller(**_DATA["callers"][name])
    if code is None:
        decide_write(boats, caller, owner=_OWNER)
        return
    with pytest.raises(Problem) as refused:
        decide_write(boats, caller, owner=_OWNER)
    assert refused.value.code == code


def test_nobody_writes_on_behalf_of_another() -> None:
    boats, owner = _CATALOGUE.contract("harbour.boats"), Caller(**_DATA["callers"]["owner"])
    outsider = replace(Caller(**_DATA["callers"]["delegate"]), on_behalf=_OWNER)
    for caller in (outsider, replace(owner, on_behalf="330200.taxation")):
        with pytest.raises(Problem, match="not-owner"):
            decide_write(boats, caller, owner=_OWNER)


def test_the_owner_says_what_a_write_is_for() -> None:
    caller = replace(Caller(**_DATA["callers"]["owner"]), purpose=None)
    with pytest.raises(Problem, match="purpose-required"):
        decide_write(_CATALOGUE.contract("harbour.boats"), caller, owner=_OWNER)
