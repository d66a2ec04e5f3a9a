"""Whatever comes as a person's ask, stands in an entry about them, or is granted with a delay, it is read or refused as
what it should be, and no refusal repeats a value."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.trust import grants
from schemas.trust.about import DEFAULT_LIMIT, LAST, MOST, Ask, place_after, read_ask, told, told_from
from schemas.trust.entries import instant
from schemas.trust.model import Grant
from schemas.wire.problem import Problem
from tests.ends import ends
from tests.schemas.trust.anything import JSON, MOMENTS

#: Half of what a test gets elsewhere: there are many of these.
_few = settings(max_examples=settings().max_examples // 2)
_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_PERSON = "330102199003070019"
_ASK = Ask("a.b.c", ("d.e.f",), {"330203.taxation": 17}, 20, ("330200.gateway",))
_MEMBERS = sorted(_ASK.body())
_TEXTS = st.just(_PERSON) | st.text(max_size=8) | st.sampled_from(["", "x" * 4_096, "x" * 4_097])
_VALUES = (
    JSON
    | _TEXTS
    | st.lists(_TEXTS | JSON, max_size=3)
    | st.dictionaries(_TEXTS, st.integers(-1, 2) | st.sampled_from([LAST, LAST + 1, True, 1.0]), max_size=3)
)


def _asked(members: dict[str, Any]) -> Ask | None:
    """The ask, which is one in every part; None where it is refused, without a value."""
    with ends():
        try:
            found = read_ask(members)
        except Problem as problem:
            fault = problem
        else:
            _is_an_ask(found)
            return found
    assert (fault.code, fault.status) == ("bad-body", 400)
    assert _PERSON not in fault.body().decode()
    return None


def _is_an_ask(one: Ask) -> None:
    assert all(
        isinstance(text, str) and 0 < len(text) <= 4_096 for text in (one.vouched, *one.mandates, *one.via)
    )
    assert all(type(number) is int and 0 < number <= LAST for number in one.before.values())
    assert type(one.limit) is int
    assert 1 <= one.limit <= MOST
    assert read_ask(orjson.loads(orjson.dumps(one.body()))) == one, "what is passed on is the same ask"


def test_an_ask_is_read_as_it_was_written() -> None:
    assert _asked(_ASK.body()) == _ASK
    assert _asked({"vouched": "a"}) == Ask("a", limit=DEFAULT_LIMIT)


@_few
@given(st.sampled_from(_MEMBERS), _VALUES)
def test_any_member_of_an_ask_is_read_or_refused(name: str, value: object) -> None:
    found = _asked({**_ASK.body(), name: value})
    assert found is None or orjson.dumps(found.body()[name]) == orjson.dumps(value)


@_few
@given(st.dictionaries(st.sampled_from(_MEMBERS) | _TEXTS, _VALUES, max_size=6))
def test_any_object_is_an_ask_or_refused(members: dict[str, Any]) -> None:
    found = _asked(members)
    assert found is None or members.keys() <= set(_MEMBERS)


def test_an_ask_with_more_words_than_there_are_registers_is_refused() -> None:
    """Each of them is a signature to be checked."""
    assert _asked({**_ASK.body(), "mandates": ["a"] * 300_000}) is None
    assert _asked({**_ASK.body(), "via": ["a"] * 300_000}) is None


_ENTRY = {
    "number": 9,
    "node": "330203.taxation",
    "at": instant(_NOW),
    "act": "read",
    "member": "330200.approvals",
    "system": "330200.approvals/window",
    "officer": "hall/7",
    "purpose": "grant:g1",
    "dataset": "taxation.arrears",
    "items": ["amount"],
    "subjects": ["s1"],
    "records": 1,
}
_GRANT = Grant("g1", "330200.approvals", "taxation.arrears", ("amount",), "tax inspection", _NOW, _NOW)
_NAMES = [*_ENTRY, "on_behalf", "case", "searched", "untold", "told_from", "message", "request", "told"]
#: What of an entry is no business of the person whom it is about.
_KEPT = {
    "officer",
    "subjects",
    "message",
    "question",
    "request",
    "answer",
    "grant",
    "untold",
    "told_from",
    "told",
}


def _told(said: dict[str, Any]) -> dict[str, Any] | None:
    with ends():
        found = told(said, _NOW, {"g1": _GRANT})
    assert found is None or not found.keys() & _KEPT
    return found


@_few
@given(st.sampled_from([one for one in _NAMES if one != "number"]), JSON | MOMENTS)
@example("told_from", 5)
@example("records", "many")
@example("officer", ["hall/7"])
@example("purpose", {"grant:g1": 1})
def test_an_entry_that_says_anything_is_told_or_not(name: str, value: object) -> None:
    found = _told({**_ENTRY, name: value})
    if name in ("untold", "told_from"):
        assert found is None or (isinstance(value, str) and value <= instant(_NOW))
    else:
        assert found is not None
        assert found["entry"] == _ENTRY["number"]


@_few
@given(st.dictionaries(st.sampled_from(_NAMES), JSON | MOMENTS))
def test_any_entry_is_told_or_not(said: dict[str, Any]) -> None:
    found = _told({**said, "number": 1})
    assert found is None or "untold" not in said


@_few
@given(st.integers(1, 2**63), st.datetimes(timezones=st.just(UTC)))
@example(10**9, _NOW)
@example(1, datetime.max.replace(tzinfo=UTC))
def test_any_delay_that_is_granted_ends_on_a_day_that_entries_can_hold(days: int, at: datetime) -> None:
    grant = replace(_GRANT, told_after_days=days)
    with ends():
        since = told_from(grant, at)
    assert since is not None
    assert since >= instant(at)
    assert told({**_ENTRY, "told_from": since}, at, {}) is None or since == instant(at)


@_few
@given(JSON)
def test_any_delay_in_a_grant_is_refused_or_can_be_reckoned_with(delay: object) -> None:
    line = {
        "id": "g1",
        "member": "m",
        "dataset": "d",
        "items": ["i"],
        "purpose": "p",
        "not_before": instant(_NOW),
        "expires": instant(_NOW),
        "told_after_days": delay,
    }
    with suppress(grants.DocumentRefused):
        [one] = grants.from_document({"number": 1, "expires": instant(_NOW), "grants": [line]}).by_id.values()
        told_from(one, _NOW)


_PLACES = st.dictionaries(st.text(max_size=4), st.integers(1, LAST), max_size=3)
_SHOWN = st.lists(
    st.fixed_dictionaries({"node": st.text(max_size=4), "entry": st.integers(1, LAST)}), max_size=4
)


@_few
@given(_PLACES, _SHOWN)
def test_where_a_page_ends_the_next_ask_can_begin(
    before: dict[str, int], shown: list[dict[str, Any]]
) -> None:
    assert _asked({**_ASK.body(), "before": place_after(before, shown)}) is not None
