"""Whatever text or document comes as a contract, it is one, or it is refused as one."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.document import ContractFault, parse
from schemas.contracts.load import load, load_document
from tests.ends import ends
from tests.schemas.contracts.making import TEXT, content

_LINES = TEXT.splitlines()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for step, inner in steps for deeper in _paths(inner, (*path, step)))]


_PATHS = [path for path in _paths(content()) if path]


@given(st.integers(0, len(_LINES) - 1), st.text(max_size=20), st.booleans())
def test_a_line_that_is_lost_or_replaced(number: int, text: str, keep: bool) -> None:
    lines = [*_LINES[:number], *([text] if keep else []), *_LINES[number + 1 :]]
    with contextlib.suppress(ContractFault):
        load(parse("\n".join(lines), "hostile"))


_STRANGE = (
    "!!timestamp x", "!!int x", "!!float x", "!!binary x", "!!omap [x]", "!!set {a}", "!!python/name:os.system",
    "!x y", "&a [*a]", "*nobody", "<<: 1", "? [a]", "{? a}", "2001-02-30", "0o99", "1:60:99.5e999", ".nan", "\0",
    "\ufeff", "%YAML 9.9", "---", "...", "|9", "'", '"\\ud800"', "9" * 5_000, "[" * 50_000, "- " * 5_000,
    "{a: " * 20_000, "a: &a [x]\nb: &b [*a,*a]",
)  # fmt: skip


@pytest.mark.parametrize("strange", _STRANGE, ids=lambda text: text[:12])
@pytest.mark.parametrize("before", ["", "a: ", "description: ", "version: ", f"{TEXT}\nextra: "])
def test_strange_yaml(before: str, strange: str) -> None:
    with ends(), pytest.raises(ContractFault):
        load(parse(before + strange, "hostile"))


@given(st.integers(0, len(TEXT)), st.sampled_from(_STRANGE) | st.text(max_size=6))
def test_a_contract_with_something_put_in(at: int, put: str) -> None:
    with ends(), contextlib.suppress(ContractFault):
        load(parse(TEXT[:at] + put + TEXT[at:], "hostile"))


@given(st.sampled_from(_PATHS), _JSON)
def test_a_member_that_holds_something_else(path: tuple[Any, ...], value: Any) -> None:
    document: Any = content()
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with contextlib.suppress(ContractFault):
        load_document(document)
