"""Events as Kafka messages: read again as written, by CloudEvents' own kit too; and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire.event import (
    BadEvent,
    Event,
    body_of,
    event_id,
    from_kafka,
    instant,
    sequence_text,
    to_kafka,
)

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_WORDS = st.from_regex(r"[a-z0-9][a-z0-9./:_-]{0,15}", fullmatch=True)
_DATA = st.dictionaries(
    _TEXTS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS, min_size=1, max_size=4
)
_KINDS = st.sampled_from(["created", "updated", "snapshot", "deleted"])


@st.composite
def _events(draw: st.DrawFn) -> Event:
    kind = draw(_KINDS)
    thin = kind == "deleted" or draw(st.booleans())
    return Event(
        id=draw(_WORDS),
        source=draw(_WORDS),
        type=f"cn.gov.harbour.boats.{kind}",
        subject=draw(_WORDS),
        time="2026-01-31T00:00:00Z",
        dataschema=draw(_WORDS),
        sequence=sequence_text(draw(st.integers(0, 10**15))),
        recordepoch=draw(st.integers(0, 2**31)),
        recordversion=draw(st.integers(0, 2**31)),
        recordedtime="2026-01-31T00:00:01.5Z",
        dataclassification=draw(_WORDS),
        data=None if thin else draw(_DATA),
        dataref=draw(_WORDS) if thin and kind != "deleted" else None,
        traceparent=draw(st.none() | _WORDS),
    )


_ONE = Event(
    id="a1",
    source="urn:node:330203.harbour",
    type="cn.gov.harbour.boats.updated",
    subject="B1",
    time="2026-01-31T00:00:00Z",
    dataschema="urn:contract",
    sequence=sequence_text(7),
    recordepoch=1,
    recordversion=2,
    recordedtime="2026-01-31T00:00:01Z",
    dataclassification="L1",
    data={"number": "B1"},
)


@given(_events())
def test_an_event_survives_its_message(event: Event) -> None:
    key, value, headers = to_kafka(event)
    assert from_kafka(key, value, headers) == event
    assert key == event.subject.encode()
    assert to_kafka(from_kafka(key, value, headers)) == (key, value, headers)


@given(_events())
def test_the_official_kit_reads_the_same_attributes_and_body(event: Event) -> None:
    key, value, headers = to_kafka(event)
    message = KafkaMessage(headers=dict(headers), key=key, value=value or b"")
    read = from_binary_event(message, JSONFormat())
    attributes = {name: str(held) for name, held in read.get_attributes().items()}
    for name in (
        "id",
        "source",
        "type",
        "subject",
        "dataschema",
        "sequence",
        "dataclassification",
        "partitionkey",
    ):
        assert attributes[name] == getattr(event, name)
    assert attributes["specversion"] == "1.0"
    assert attributes["datacontenttype"] == "application/json"
    assert (attributes["recordepoch"], attributes["recordversion"]) == (
        str(event.recordepoch),
        str(event.recordversion),
    )
    assert read.get_attributes()["time"] == datetime(2026, 1, 31, tzinfo=UTC)
    if event.data is not None:
        assert read.get_data() == event.data


def test_a_delete_is_a_tombstone_that_keeps_its_headers() -> None:
    key, value, headers = to_kafka(replace(_ONE, type="cn.gov.harbour.boats.deleted", data=None))
    assert value is None
    assert (key, dict(headers)["ce_type"]) == (b"B1", b"cn.gov.harbour.boats.deleted")


def test_a_thin_event_has_an_empty_body_and_says_where_the_rest_is() -> None:
    _, value, headers = to_kafka(replace(_ONE, data=None, dataref="/records/harbour/boats/B1"))
    assert value == b"{}"
    assert dict(headers)["ce_dataref"] == b"/records/harbour/boats/B1"


def test_the_same_content_has_the_same_bytes() -> None:
    assert body_of({"b": 1, "a": 2}) == body_of({"a": 2, "b": 1}) == b'{"a":2,"b":1}'
    assert event_id("n", 1, "B1") == event_id("n", "1", "B1") != event_id("n", "1B", "1")


def test_sequences_sort_as_their_numbers_do() -> None:
    assert sorted(map(sequence_text, [10, 9, 100, 0])) == [sequence_text(one) for one in (0, 9, 10, 100)]


def test_consumers_compare_epoch_before_version() -> None:
    assert (
        replace(_ONE, recordepoch=2, recordversion=1).order
        > replace(_ONE, recordepoch=1, recordversion=9).order
    )


def test_times_are_written_in_utc() -> None:
    assert instant(datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=8)))) == "2026-01-31T00:00:00Z"


def _message(**headers: bytes | None) -> tuple[bytes | None, bytes | None, list[tuple[str, Any]]]:
    key, value, listed = to_kafka(_ONE)
    kept: dict[str, Any] = {**dict(listed), **{f"ce_{name}": text for name, text in headers.items()}}
    return key, value, [(name, text) for name, text in kept.items() if text is not None]


@pytest.mark.parametrize(
    "name",
    "specversion id source type subject time dataschema sequence recordedtime dataclassification partitionkey"
    " recordepoch recordversion".split(),
)
def test_a_message_without_an_attribute_is_refused(name: str) -> None:
    with pytest.raises(BadEvent):
        from_kafka(*_message(**{name: None}))


@pytest.mark.parametrize(
    "headers",
    [
        {"specversion": b"0.3"},
        {"partitionkey": b"B2"},
        {"recordversion": b"two"},
        {"recordepoch": b""},
        {"id": b"\xff"},
        {"type": b"cn.gov.harbour.boats.deleted"},
    ],
)
def test_a_message_with_another_attribute_is_refused(headers: dict[str, bytes]) -> None:
    with pytest.raises(BadEvent):
        from_kafka(*_message(**headers))


@pytest.mark.parametrize("value", [None, b"", b"[1]", b"5", b"{", b"\xff", b"null"])
def test_a_message_with_another_body_is_refused(value: bytes | None) -> None:
    key, _, headers = to_kafka(_ONE)
    with pytest.raises(BadEvent):
        from_kafka(key, value, headers)


def test_a_message_without_a_key_or_with_nothing_at_all_is_refused() -> None:
    _, value, headers = to_kafka(_ONE)
    messages: tuple[tuple[Any, Any, Any], ...] = (
        (None, value, headers),
        (b"B1", None, []),
        (None, None, []),
        (b"\xff", b"\xff", [("ce_id", b"")]),
    )
    for message in messages:
        with pytest.raises(BadEvent):
            from_kafka(*message)


@given(
    st.none() | st.binary(max_size=4),
    st.none() | st.binary(max_size=8),
    st.dictionaries(
        st.sampled_from([name for name, _ in to_kafka(_ONE)[2]]) | st.text(max_size=5),
        st.none() | st.binary(max_size=6),
    ),
)
def test_any_message_is_refused_as_one(
    key: bytes | None, value: bytes | None, headers: dict[str, bytes | None]
) -> None:
    listed: list[tuple[str, Any]] = list(headers.items())
    with pytest.raises(BadEvent):
        from_kafka(key, value, listed)


def test_a_refused_message_is_not_repeated() -> None:
    with pytest.raises(BadEvent) as refused:
        from_kafka(*_message(recordversion="张三".encode()))
    assert "张三" not in str(refused.value)
