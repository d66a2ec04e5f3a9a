"""Whatever a gateway hands on as its caller's question, it is the caller's own or refused, read or refused as one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.query.bind import bind
from schemas.query.parse import parse_params
from schemas.trust import keys, question, registry
from schemas.trust.asked import Asked, Unreadable, asked
from schemas.trust.follows import Step, beyond
from schemas.trust.levels import levels
from schemas.trust.message import Message, MessageRefused, sign
from tests.ends import ends
from tests.schemas.query.harbour import BOATS, CATALOGUE
from tests.schemas.trust.anything import JSON, REASONS, altered, damaged

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_KEY, _DOOR = keys.new_key(), keys.new_key()
_REGISTRY = registry.from_document(
    {
        "number": 1,
        "expires": "2027-01-01T00:00:00Z",
        "members": [
            {"id": "330200.approvals", "system": "window", "keys": {_KEY.key_id: _KEY.public_hex}},
            {
                "id": "330200.gateway",
                "system": "330200.gateway",
                "role": "gateway",
                "keys": {_DOOR.key_id: _DOOR.public_hex},
            },
        ],
    }
)
#: Half of what a test gets elsewhere: there are many of these.
_few = settings(max_examples=settings().max_examples // 2)
_GATEWAY = "330200.gateway"
_REPEATED = {
    "authorization": "Bearer x",
    "langqiao-officer": "o",
    "langqiao-purpose": "case:1",
    "langqiao-question": "q-1",
}
_REASONS = REASONS | {"wrong-sender"}
_BODY = {"select": "number,owner(name)", "owner_id": "eq.330102199003070019", "limit": 5}
_BARE = Message("POST", "/records/harbour/boats/query", "", _REPEATED, orjson.dumps(_BODY))
_SIGNED = replace(_BARE, headers=_REPEATED | {"langqiao-deadline-ms": "9000", "langqiao-node": _GATEWAY})
_SIGNED = replace(_SIGNED, headers=_SIGNED.headers | sign(_SIGNED, _KEY, _NOW))
_HANDED = question.handed_on(_SIGNED)


def _signed(handed: Any, repeated: dict[str, str] = _REPEATED, now: datetime = _NOW) -> Message | None:
    """The question, where it is the window's; None where it is refused, for a reason that is stable."""
    with ends():
        try:
            found = question.message_of(handed, repeated)
            question.check(found, _REGISTRY, now, system="window")
        except MessageRefused as refused:
            reason = refused.reason
        else:
            return found
    assert reason in _REASONS
    return None


def _means(one: Message) -> Message:
    """The message without outer blanks of what stands in its lines."""
    lines = {name: text.strip() for name, text in one.headers.items()}
    return Message(one.method.strip(), one.path.strip(), one.query.strip(), lines, one.body)


def test_the_callers_own_question_is_read() -> None:
    found = _signed(orjson.loads(orjson.dumps(_HANDED)))
    assert found == _SIGNED
    assert asked(found).dataset == "harbour.boats"


@_few
@given(JSON)
def test_anything_handed_on_is_a_question_or_refused(handed: object) -> None:
    assert _signed(handed) is None


@_few
@given(st.sampled_from(sorted(_HANDED)), JSON)
def test_any_member_of_it_is_read_or_refused(name: str, value: object) -> None:
    found = _signed({**_HANDED, name: value})
    assert found is None or _means(found) == _means(_SIGNED)


@_few
@given(st.data())
def test_a_question_altered_in_one_place_is_refused_or_means_the_same(data: st.DataObject) -> None:
    text = data.draw(altered(orjson.dumps(_HANDED).decode()))
    try:
        handed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    found = _signed(handed)
    assert found is None or _means(found) == _means(_SIGNED)


@_few
@given(st.data())
def test_a_question_with_another_header_is_refused(data: st.DataObject) -> None:
    own = dict(_HANDED["headers"])
    name = data.draw(st.sampled_from(sorted(own)) | st.sampled_from(["prefer", "range", "langqiao-node"]))
    own[name] = data.draw(damaged(own.get(name, "")) | st.text())
    found = _signed({**_HANDED, "headers": own})
    assert found is None or _means(found) == _means(_SIGNED)


@_few
@given(st.sampled_from([*sorted(_REPEATED), "langqiao-case"]), st.none() | st.text())
def test_a_question_of_another_call_is_refused(name: str, value: str | None) -> None:
    repeated = {**_REPEATED, name: value}
    said = {one: text for one, text in repeated.items() if text is not None}
    found = _signed(_HANDED, said)
    assert found is None or _means(found) == _means(_SIGNED)


@_few
@given(st.text(max_size=12), st.timedeltas(timedelta(0), timedelta(minutes=3)))
@example("9" * 5_000, timedelta(seconds=80))
@example("١٢", timedelta(seconds=80))
def test_any_deadline_ends_a_question_and_none_lengthens_it(deadline: str, later: timedelta) -> None:
    one = replace(_BARE, headers=_REPEATED | {"langqiao-deadline-ms": deadline})
    one = replace(one, headers=one.headers | sign(one, _KEY, _NOW))
    found = _signed(question.handed_on(one), now=_NOW + later)
    assert found is None or later < timedelta(seconds=90)


_WORDS = ["records", "harbour", "boats", "query", "lookup", "verify", "%2F", "%", "", "..", "a" * 300]
_PATHS = st.lists(st.sampled_from(_WORDS) | st.text(max_size=4), max_size=6).map("/".join)
_VERBS = st.sampled_from(["query", "lookup", "verify", "changes", "x", ""])
_NAMES = st.sampled_from(
    "select order limit offset and not.or crew owner_id owner.name cursor by keys record_ids where claims".split()
)
_VALUES = JSON | st.sampled_from(["eq.1", "number,owner(name)", "owner_id", "in.(1,2)", "(crew.gt.1)", 5])
_BODIES = st.dictionaries(_NAMES, _VALUES | st.lists(_VALUES, max_size=3), max_size=5)
_HEADERS = st.dictionaries(
    st.sampled_from(["contract-version", "prefer", "range"]),
    st.text(max_size=8) | st.sampled_from(["1", "1_0", "9" * 5_000, "count=exact", "0-9", "items=0-", "9-0"]),
)
_STEP = Step(
    bind(parse_params([("select", "number"), ("owner_id", "eq.1"), ("limit", "5")]), CATALOGUE, BOATS)
)


def _asks(message: Message) -> Asked | None:
    """What a message asks, held against a step at every level; None where it is no question."""
    with ends():
        try:
            found = asked(message)
        except Unreadable:
            return None
        assert beyond(_STEP, found, CATALOGUE) in (None, *_BEYOND)
        for level in levels(found, CATALOGUE):
            level.most_rows()
            level.known("owner_id")
    return found


_BEYOND = "dataset version records filter keys items order rows count".split()


@_few
@given(st.sampled_from(["GET", "HEAD", "POST", "PATCH", ""]), _PATHS, st.text(max_size=30), _HEADERS)
def test_any_address_is_read_or_is_no_question(
    method: str, path: str, query: str, headers: dict[str, str]
) -> None:
    _asks(Message(method, f"/{path}", query, headers, b"{}"))


@_few
@given(_VERBS, _BODIES, _HEADERS)
@example("lookup", {"by": "owner_id", "keys": [[], {}, None, 1.5]}, {})
@example("lookup", {"record_ids": [[], {}, None, 1.5]}, {})
@example("lookup", {"by": "owner_id", "keys": ["1"], "select": "owner(name)", "owner.crew": "eq.1"}, {})
@example("query", {"select": "owner(boats(owner(name)))", "cursor": [1]}, {})
@example("verify", {"where": {"owner_id": "1"}, "claims": {"crew": 10**18}}, {})
def test_any_body_is_read_or_is_no_question(verb: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    try:
        sent = orjson.dumps(body)
    except TypeError:  # A number too large to be written is none that can come.
        return
    _asks(Message("POST", f"/records/harbour/boats/{verb}", "", headers, sent))


@_few
@given(_VERBS, st.binary(max_size=60))
def test_any_bytes_are_a_body_or_no_question(verb: str, sent: bytes) -> None:
    _asks(Message("POST", f"/records/harbour/boats/{verb}", "", {}, sent))
