"""Problems: RFC 9457's members and PostgREST's in one body, and a table whose every row is used."""

import ast
import re
from collections.abc import Iterator

import orjson
import pytest

from schemas.wire.problem import KINDS, Problem
from tests.house import tree

_CODE = re.compile(r"[a-z]+(-[a-z]+)*")


@pytest.mark.parametrize("code", KINDS)
def test_a_problem_has_the_members_of_both(code: str) -> None:
    problem = Problem(code, "what and where", members={"position": 5})
    told = orjson.loads(problem.body())
    kind = KINDS[code]
    assert told == {
        "type": f"urn:langqiao:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "what and where",
        "origin": kind.origin,
        "code": code,
        "message": "what and where",
        "details": kind.title,
        "hint": kind.remedy,
        "position": 5,
    }


def test_a_problem_may_say_better_what_to_do() -> None:
    assert Problem("use-post", "x", hint="Post it.").as_json()["hint"] == "Post it."


@pytest.mark.parametrize("code", KINDS)
def test_a_row_of_the_table_is_whole(code: str) -> None:
    kind = KINDS[code]
    assert _CODE.fullmatch(code)
    assert kind.code == code
    assert 400 <= kind.status < 600
    assert kind.remedy.endswith(".")
    assert not kind.title.endswith(".")
    # What is refused is the fault of who called, a gateway among them; no other fault is a caller's.
    assert kind.origin != ("node" if kind.status < 500 else "caller")


def _texts(path_prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every text constant of the product but the table's own."""
    for path in tree.modules(*path_prefixes):
        if tree.name(path) != "schemas/wire/problem.py":
            for node in ast.walk(tree.syntax(path)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield tree.name(path), node.value


def _codes_given() -> Iterator[tuple[str, str]]:
    """File and code of every call that makes a problem from a code in its text."""
    for path in tree.modules(*tree.PRODUCT):
        for node in ast.walk(tree.syntax(path)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            place = {"Problem": 0, "fault_at": 2, "fault": 1}.get(called)
            if place is None or (called == "fault" and not tree.name(path).startswith("schemas/query/")):
                continue
            named = [one.value for one in node.keywords if one.arg == "code"]
            for given in [*node.args[place : place + 1], *named]:
                if isinstance(given, ast.Constant):
                    yield tree.name(path), str(given.value)


def test_every_code_that_is_given_stands_in_the_table() -> None:
    given = set(_codes_given())
    assert len(given) > 20
    assert {(file, code) for file, code in given if code not in KINDS} == set()


def test_every_row_of_the_table_is_used() -> None:
    used = {text for _, text in _texts(tree.PRODUCT)}
    assert set(KINDS) - used == set()


def test_no_member_takes_the_place_of_one_that_every_problem_has() -> None:
    # What the clients of PostgREST look for in `details` may stand there.
    own = set(Problem("internal", "").as_json()) - {"details"}
    taken = [
        f"{tree.name(path)}:{node.lineno} {key.value}"
        for path in tree.modules(*tree.PRODUCT)
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Call)
        for one in node.keywords
        if one.arg == "members" and isinstance(one.value, ast.Dict)
        for key in one.value.keys
        if isinstance(key, ast.Constant) and key.value in own
    ]
    assert taken == []
