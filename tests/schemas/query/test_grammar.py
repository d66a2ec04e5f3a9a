"""The grammar by cases: how a question may be spelt, and what a caller is told who spells it wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.query.bind import bind
from schemas.query.parse import parse_body, parse_params
from schemas.query.render import render_params
from schemas.wire.problem import Problem
from tests.schemas.query.harbour import BOATS, CATALOGUE


def _cases(name: str) -> list[dict[str, Any]]:
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


_SPELLINGS = _cases("spellings.yaml")
_FAULTS = _cases("faults.yaml")


def _pairs(by: Mapping[str, str] | list[list[str]]) -> list[tuple[str, str]]:
    return list(by.items()) if isinstance(by, Mapping) else [(name, text) for name, text in by]


@pytest.mark.parametrize("case", _SPELLINGS, ids=[case["name"] for case in _SPELLINGS])
def test_a_spelling_means(case: dict[str, Any]) -> None:
    query = parse_params(_pairs(case["by"]))
    assert render_params(query) == _pairs(case["means"])
    assert parse_params(render_params(query)) == query


@pytest.mark.parametrize("case", _FAULTS, ids=[case["name"] for case in _FAULTS])
def test_a_fault_is_told_with_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        bind(
            parse_params(_pairs(case["by"])),
            CATALOGUE,
            case.get("dataset", BOATS),
            in_url=case.get("in_url", False),
        )
    told = refused.value.as_json()
    expected = {key: case[key] for key in ("code", "parameter", "position", "nearest") if key in case}
    assert {key: told.get(key) for key in expected} == expected
    assert told["status"] == (413 if case["code"] == "too-large" else 400)
    assert "330102199003070019" not in str(told)
    assert "张三" not in str(told)


def test_what_may_stand_in_a_body_may_not_stand_in_an_address() -> None:
    query = parse_body({"owner_id": "eq.330102199003070019"})
    assert bind(query, CATALOGUE, BOATS).where
    with pytest.raises(Problem, match="use-post"):
        bind(query, CATALOGUE, BOATS, in_url=True)


def test_a_member_of_a_body_may_be_a_list_of_texts_or_a_number_of_rows() -> None:
    body = {"crew": ["gt.1", "lt.5"], "limit": 10, "select": "owner(name)", "owner.offset": 2}
    pairs = [
        ("crew", "gt.1"),
        ("crew", "lt.5"),
        ("limit", "10"),
        ("select", "owner(name)"),
        ("owner.offset", "2"),
    ]
    assert parse_body(body) == parse_params(pairs)


@pytest.mark.parametrize("value", [None, 5, True, {"eq": 5}, [5], 1.5])
def test_a_member_of_a_body_that_is_neither_is_refused(value: object) -> None:
    with pytest.raises(Problem) as refused:
        parse_body({"crew": value})
    assert refused.value.code == "bad-syntax"
    assert refused.value.members["parameter"] == "crew"
