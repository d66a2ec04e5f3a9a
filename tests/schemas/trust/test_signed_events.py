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
from schemas.trust.suites import ED25519, Suite
from schemas.wire.event import Event, from_kafka, to_kafka
from tests.schemas.trust.anything import altered
from tests.suites import by_each_suite

_NODE, _OTHER = "330203.workshop", "330203.taxation"
_TOPIC = "dev.330203.workshop.tools.v1.shared"


class Nodes:
    """Two nodes in a registry, and a stranger, whose keys are all of one suite."""

    def __init__(self, suite: Suite = ED25519) -> None:
        self.keys = {node: new_key(suite) for node in (_NODE, _OTHER)}
        self.stranger = new_key(suite)
        members = {
            f"{node}/node": Member(node, f"{node}/node", {key.key_id: key.public_hex}, Role.NODE)
            for node, key in self.keys.items()
        }
        known = {key_id: (one, public) for one in members.values() for key_id, public in one.keys.items()}
        self.registry = Registry(1, datetime.now(UTC) + timedelta(days=1), members, known)

    def published(self, event: Event, topic: str = _TOPIC) -> Published:
        return self.signed(Published(topic, *to_kafka(event)))

    def signed(self, bare: Published, by: str = _NODE) -> Published:
        return replace(bare, headers=sign(bare, self.keys.get(by, self.stranger)))


@pytest.fixture(scope="module")
def publishers(request: pytest.FixtureRequest) -> Nodes:
    return Nodes(getattr(request, "param", ED25519))


_by_each_suite = by_each_suite("publishers")


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


@_by_each_suite
@pytest.mark.parametrize(
    "event",
    [
        _event(),
        _event(type="cn.gov.workshop.tools.deleted", data=None),
        _event(data=None, dataref="/records/workshop/tools/r1"),
    ],
    ids=["whole", "delete", "thin"],
)
def test_a_signed_event_is_its_node_s_and_reads_as_an_unsigned_one(event: Event, publishers: Nodes) -> None:
    one = publishers.published(event)
    assert check(one, publishers.registry).id == _NODE
    assert from_kafka(one.key, one.value, one.headers) == event


def test_an_event_that_is_sent_again_is_the_same_to_the_last_byte(publishers: Nodes) -> None:
    """By Ed25519; a signature of SM2 draws a number, and so is another one each time."""
    again = publishers.published(_event())
    assert again == publishers.published(_event())
    assert publishers.signed(again) == again


@_by_each_suite
def test_what_a_mirror_adds_is_none_of_the_event_s(publishers: Nodes) -> None:
    one = publishers.published(_event())
    mirrored = replace(one, headers=[("mirror", b"x"), *reversed(list(one.headers))])
    assert check(mirrored, publishers.registry).id == _NODE


def _header(name: str, value: bytes) -> Callable[[Published, Nodes], Published]:
    return lambda one, _: replace(
        one, headers=[(each, value if each == name else text) for each, text in one.headers]
    )


def _of_another_suite(signature: bytes | None) -> bytes:
    suite, _, rest = (signature or b"").partition(b":")
    return (b"sm2-sm3:" if suite == b"ed25519" else b"ed25519:") + rest


_DEEDS: dict[str, tuple[Callable[[Published, Nodes], Published], str]] = {
    "another body": (lambda one, _: replace(one, value=b'{"name":"x"}'), "bad-signature"),
    "no body": (lambda one, _: replace(one, value=None), "bad-signature"),
    "another key": (lambda one, _: replace(one, key=b"r2"), "bad-signature"),
    "another topic": (lambda one, _: replace(one, topic=_TOPIC.replace("shared", "public")), "bad-signature"),
    "another version": (_header("ce_recordversion", b"9"), "bad-signature"),
    "another id": (_header("ce_id", b"e2"), "bad-signature"),
    "one attribute more": (
        lambda one, _: replace(one, headers=[*one.headers, ("ce_dataref", b"/x")]),
        "bad-signature",
    ),
    "another node's name": (_header("ce_source", _OTHER.encode()), "another-node"),
    "two names": (lambda one, _: replace(one, headers=[*one.headers, ("ce_source", b"x")]), "another-node"),
    "no signature": (
        lambda one, _: replace(one, headers=[each for each in one.headers if each[0] != HEADER]),
        "unsigned",
    ),
    "two signatures": (
        lambda one, _: replace(one, headers=[*one.headers, (HEADER, b"ed25519:x:AA==")]),
        "malformed",
    ),
    "an attribute without a value": (
        lambda one, _: replace(one, headers=[*one.headers, ("ce_dataref", None)]),
        "malformed",
    ),
    "a signature without a value": (
        lambda one, _: replace(one, headers=[*list(one.headers)[:-1], (HEADER, None)]),
        "malformed",
    ),
    "another department's topic": (
        lambda _, by: by.published(_event(), _TOPIC.replace("workshop", "taxation")),
        "another-node",
    ),
    "a topic of nobody's": (lambda _, by: by.published(_event(), "dev.registry"), "another-node"),
    "no form": (_header(HEADER, b"\xff"), "malformed"),
    "no bytes": (_header(HEADER, b"ed25519:x:?"), "malformed"),
    "another suite": (
        lambda one, by: _header(HEADER, _of_another_suite(dict(one.headers)[HEADER]))(one, by),
        "unknown-key",
    ),
    "another department's key": (
        lambda one, by: by.signed(one, _OTHER),
        "another-node",
    ),
    "a stranger's key": (lambda one, by: by.signed(one, "a stranger"), "unknown-key"),
}


@_by_each_suite
@pytest.mark.parametrize("deed", _DEEDS)
def test_whatever_was_done_to_an_event_shows(deed: str, publishers: Nodes) -> None:
    made, reason = _DEEDS[deed]
    with pytest.raises(EventRefused) as refused:
        check(made(publishers.published(_event()), publishers), publishers.registry)
    assert refused.value.reason == reason


@_by_each_suite
@pytest.mark.parametrize(
    ("recorded", "counts"),
    [("2026-01-31T07:59:59.999Z", True), ("2026-01-31T08:00:00Z", False), ("2027-01-01T00:00:00Z", False)],
)
def test_a_key_that_has_ended_signs_no_later_change_whatever_the_event_s_own_time(
    recorded: str, counts: bool, publishers: Nodes
) -> None:
    key, registry = publishers.keys[_NODE], publishers.registry
    end = datetime(2026, 1, 31, 8, tzinfo=UTC)
    node = replace(registry.members[f"{_NODE}/node"], until={key.key_id: end})
    ended = replace(registry, keys={**registry.keys, key.key_id: (node, key.public_hex)})
    for said in ("1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        one = publishers.published(_event(time=said, recordedtime=recorded))
        assert check(one, registry).id == _NODE
        if counts:
            assert check(one, ended).id == _NODE
            continue
        with pytest.raises(EventRefused) as refused:
            check(one, ended)
        assert refused.value.reason == "ended"


def test_an_event_of_no_moment_is_none(publishers: Nodes) -> None:
    with pytest.raises(EventRefused) as refused:
        check(publishers.published(_event(recordedtime="yesterday")), publishers.registry)
    assert refused.value.reason == "malformed"


_HEADERS = st.tuples(
    st.sampled_from(["ce_id", "ce_source", HEADER]) | st.text(max_size=8), st.none() | st.binary(max_size=8)
)


@given(
    key=st.none() | st.binary(max_size=4),
    headers=st.lists(_HEADERS, max_size=4),
    text=st.none() | st.binary(max_size=80),
)
def test_whatever_comes_is_refused_and_breaks_nothing(
    publishers: Nodes, key: bytes | None, headers: list[tuple[str, bytes | None]], text: bytes | None
) -> None:
    with pytest.raises(EventRefused):
        check(Published(_TOPIC, key, b"{}", [*headers, (HEADER, text)]), publishers.registry)


@_by_each_suite
@given(data=st.data())
def test_an_event_altered_in_one_place_is_refused_or_reads_as_before(
    publishers: Nodes, data: st.DataObject
) -> None:
    one = publishers.published(_event())
    headers = list(one.headers)
    place = data.draw(st.integers(0, len(headers) - 1))
    name, text = headers[place]
    assert text is not None
    headers[place] = (name, data.draw(altered(text.decode())).encode())
    try:
        check(replace(one, headers=headers), publishers.registry)
    except EventRefused:
        return
    assert from_kafka(one.key, one.value, headers) == _event()
