"""An event that its node signed is known on its topic by whoever has the registry; whatever was done to it shows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.keys import new_key
from schemas.trust.model import Member, Role
from schemas.trust.registry import Registry
from schemas.trust.signed_events import HEADER, EventRefused, Published, check, sign
from schemas.wire.event import Event, from_kafka, to_kafka
from tests.schemas.trust.anything import altered

_NODE, _OTHER = "330203.workshop", "330203.taxation"
_KEYS = {node: new_key() for node in (_NODE, _OTHER)}
_STRANGER = new_key()
_TOPIC = "dev.330203.workshop.tools.v1.shared"


def _registry() -> Registry:
    members = {
        f"{node}/node": Member(node, f"{node}/node", {key.key_id: key.public_hex}, Role.NODE)
        for node, key in _KEYS.items()
    }
    known = {key_id: (one, public) for one in members.values() for key_id, public in one.keys.items()}
    return Registry(1, datetime.now(UTC) + timedelta(days=1), members, known)


_REGISTRY = _registry()


def _event(**said: object) -> Event:
    known: dict[str, object] = {
        "id": "e1",
        "source": _NODE,
        "type": "cn.gov.workshop.tools.updated",
        "subject": "r1",
        "time": "2026-01-31T08:00:00Z",
        "dataschema": "urn:langqiao:contract:workshop.tools:1",
        "sequence": "00000000000000000007",
        "recordepoch": 1,
        "recordversion": 3,
        "recordedtime": "2026-01-31T08:00:00Z",
        "dataclassification": "L2",
        "data": {"name": "锤子"},
    }
    return Event(**(known | said))  # type: ignore[arg-type]


def _published(event: Event, key: object = None, topic: str = _TOPIC) -> Published:
    bare = Published(topic, *to_kafka(event))
    return replace(bare, headers=sign(bare, key or _KEYS[_NODE]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "event",
    [
        _event(),
        _event(type="cn.gov.workshop.tools.deleted", data=None),
        _event(data=None, dataref="/records/workshop/tools/r1"),
    ],
    ids=["whole", "delete", "thin"],
)
def test_a_signed_event_is_its_node_s_and_reads_as_an_unsigned_one(event: Event) -> None:
    one = _published(event)
    assert check(one, _REGISTRY).id == _NODE
    assert from_kafka(one.key, one.value, one.headers) == event


def test_an_event_that_is_sent_again_is_the_same_to_the_last_byte() -> None:
    assert _published(_event()) == _published(_event())
    again = _published(_event())
    assert sign(again, _KEYS[_NODE]) == again.headers


def test_what_a_mirror_adds_is_none_of_the_event_s() -> None:
    one = _published(_event())
    assert (
        check(replace(one, headers=[("mirror", b"x"), *reversed(list(one.headers))]), _REGISTRY).id == _NODE
    )


def _header(name: str, value: bytes) -> Callable[[Published], Published]:
    return lambda one: replace(
        one, headers=[(each, value if each == name else text) for each, text in one.headers]
    )


_DEEDS: dict[str, tuple[Callable[[Published], Published], str]] = {
    "another body": (lambda one: replace(one, value=b'{"name":"x"}'), "bad-signature"),
    "no body": (lambda one: replace(one, value=None), "bad-signature"),
    "another key": (lambda one: replace(one, key=b"r2"), "bad-signature"),
    "another topic": (lambda one: replace(one, topic=_TOPIC.replace("shared", "public")), "bad-signature"),
    "another version": (_header("ce_recordversion", b"9"), "bad-signature"),
    "another id": (_header("ce_id", b"e2"), "bad-signature"),
    "one attribute more": (
        lambda one: replace(one, headers=[*one.headers, ("ce_dataref", b"/x")]),
        "bad-signature",
    ),
    "another node's name": (_header("ce_source", _OTHER.encode()), "another-node"),
    "two names": (lambda one: replace(one, headers=[*one.headers, ("ce_source", b"x")]), "another-node"),
    "no signature": (
        lambda one: replace(one, headers=[each for each in one.headers if each[0] != HEADER]),
        "unsigned",
    ),
    "two signatures": (
        lambda one: replace(one, headers=[*one.headers, (HEADER, b"ed25519:x:AA==")]),
        "malformed",
    ),
    "an attribute without a value": (
        lambda one: replace(one, headers=[*one.headers, ("ce_dataref", None)]),
        "malformed",
    ),
    "a signature without a value": (
        lambda one: replace(one, headers=[*list(one.headers)[:-1], (HEADER, None)]),
        "malformed",
    ),
    "another department's topic": (
        lambda _: _published(_event(), topic=_TOPIC.replace("workshop", "taxation")),
        "another-node",
    ),
    "a topic of nobody's": (lambda _: _published(_event(), topic="dev.registry"), "another-node"),
    "no form": (_header(HEADER, b"\xff"), "malformed"),
    "no bytes": (_header(HEADER, b"ed25519:x:?"), "malformed"),
    "another suite": (
        lambda one: _header(HEADER, dict(one.headers)[HEADER].replace(b"ed25519", b"sm2"))(one),
        "unknown-key",
    ),
    "another department's key": (
        lambda one: replace(one, headers=sign(one, _KEYS[_OTHER])),
        "another-node",
    ),
    "a stranger's key": (lambda one: replace(one, headers=sign(one, _STRANGER)), "unknown-key"),
}


@pytest.mark.parametrize("deed", _DEEDS)
def test_whatever_was_done_to_an_event_shows(deed: str) -> None:
    made, reason = _DEEDS[deed]
    with pytest.raises(EventRefused) as refused:
        check(made(_published(_event())), _REGISTRY)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("recorded", "counts"),
    [("2026-01-31T07:59:59.999Z", True), ("2026-01-31T08:00:00Z", False), ("2027-01-01T00:00:00Z", False)],
)
def test_a_key_that_has_ended_signs_no_later_change_whatever_the_event_s_own_time(
    recorded: str, counts: bool
) -> None:
    key = _KEYS[_NODE]
    end = datetime(2026, 1, 31, 8, tzinfo=UTC)
    node = replace(_REGISTRY.members[f"{_NODE}/node"], until={key.key_id: end})
    ended = replace(_REGISTRY, keys={**_REGISTRY.keys, key.key_id: (node, key.public_hex)})
    for said in ("1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        one = _published(_event(time=said, recordedtime=recorded))
        assert check(one, _REGISTRY).id == _NODE
        if counts:
            assert check(one, ended).id == _NODE
            continue
        with pytest.raises(EventRefused) as refused:
            check(one, ended)
        assert refused.value.reason == "ended"


def test_an_event_of_no_moment_is_none() -> None:
    with pytest.raises(EventRefused) as refused:
        check(_published(_event(recordedtime="yesterday")), _REGISTRY)
    assert refused.value.reason == "malformed"


_HEADERS = st.tuples(
    st.sampled_from(["ce_id", "ce_source", HEADER]) | st.text(max_size=8), st.none() | st.binary(max_size=8)
)


@given(st.none() | st.binary(max_size=4), st.lists(_HEADERS, max_size=4), st.none() | st.binary(max_size=80))
def test_whatever_comes_is_refused_and_breaks_nothing(
    key: bytes | None, headers: list[tuple[str, bytes | None]], text: bytes | None
) -> None:
    with pytest.raises(EventRefused):
        check(Published(_TOPIC, key, b"{}", [*headers, (HEADER, text)]), _REGISTRY)


@given(st.data())
def test_an_event_altered_in_one_place_is_refused_or_reads_as_before(data: st.DataObject) -> None:
    one = _published(_event())
    headers = list(one.headers)
    place = data.draw(st.integers(0, len(headers) - 1))
    name, text = headers[place]
    assert text is not None
    headers[place] = (name, data.draw(altered(text.decode())).encode())
    try:
        check(replace(one, headers=headers), _REGISTRY)
    except EventRefused:
        return
    assert from_kafka(one.key, one.value, headers) == _event()
