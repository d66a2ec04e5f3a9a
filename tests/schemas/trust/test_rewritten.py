"""A log that was rewritten with right hashes is found by what callers and witnesses hold of it, and said from where on;
and whatever a department writes into its log, whoever checks it comes to the end."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.trust.chain import Fault, Witnessed, check
from schemas.trust.entries import Act, Entry, Head, instant
from tests.ends import ends
from tests.schemas.trust.logs import NODE, NOON, entries, written

_WAYS = ("alter", "remove", "insert", "reorder", "cut")


def _rewritten(made: list[Entry], way: str, at: int) -> list[Entry]:
    """The entries as a department would have them that keeps the key of its log and wants to be rid of a line."""
    before, after = made[:at], made[at + 1 :]
    return {
        "alter": [*before, replace(made[at], member="somebody else"), *after],
        "remove": [*before, *after],
        "insert": [*before, replace(made[at], officer="invented"), *made[at:]],
        "reorder": [*before, *made[at + 1 : at + 2], made[at], *made[at + 2 :]],
        "cut": before,
    }[way]


def _receipt(one: Entry, head: Head) -> Witnessed:
    assert one.answer is not None
    says = {"answer": one.answer, "at": instant(one.at)}
    return Witnessed(head.number, head.hash, "a receipt", Fault.NEVER_WRITTEN, one.at, says)


@pytest.mark.parametrize("way", _WAYS)
@given(made=entries(least=2), data=st.data())
def test_whoever_holds_a_receipt_of_then_or_later_finds_what_was_done(
    way: str, made: list[Entry], data: st.DataObject
) -> None:
    # Of a log that was cut to nothing, no hash is right.
    at = data.draw(st.integers(1 if way == "cut" else 0, len(made) - (2 if way == "reorder" else 1)))
    _, heads = written(made)
    anew, others = written(_rewritten(made, way, at))
    assume(others[: at + 1] != heads[: at + 1])
    held = data.draw(st.sets(st.integers(0, len(made) - 1), min_size=1))
    receipts = [_receipt(made[one], heads[one]) for one in held]
    assert check(anew) == [], "its hashes are right, so by itself it tells nothing"
    found = check(anew, witnessed=receipts)
    late = [one + 1 for one in held if one >= at]
    assert sorted(one.number for one in found) == sorted(late)
    assert {one.fault for one in found} <= {Fault.REWRITTEN, Fault.NEVER_WRITTEN}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["first", "last", "hash", "at"]), inner)
    ),
    max_leaves=6,
)


@given(entries(), st.dictionaries(st.sampled_from(["segments", "bytes"]), _JSON), st.data())
def test_a_log_that_tells_nonsense_of_itself_is_checked_to_its_end(
    made: list[Entry], told: dict[str, Any], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(made)))
    lines, _ = written([*made[:at], Entry(NOON, NODE, Act.PRUNED, told=told), *made[at:]])
    cut = data.draw(st.integers(0, len(lines) - 1))
    with ends():
        assert all(one.number >= 1 for one in check(lines[cut:]))


@pytest.mark.parametrize("at", [None, "", "yesterday", 5, "0001-01-01T00:00:00+23:59"])
def test_an_entry_of_no_time_hides_nothing(at: object) -> None:
    told = {"segments": [{"first": 1, "last": 2, "hash": "x", "at": at}]}
    lines, heads = written([Entry(NOON, NODE, Act.READ, records=place) for place in range(3)])
    more, _ = written([Entry(NOON, NODE, Act.PRUNED, told=told)], heads[-1])
    found = check([lines[0], lines[2], *more])
    assert [(one.fault, one.number) for one in found if one.number < 4] == [(Fault.REMOVED, 2)]
    assert orjson.loads(more[0])["entry"]["number"] == 4
