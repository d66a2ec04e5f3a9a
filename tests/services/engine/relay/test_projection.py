"""One change as events, without database or broker: whom it concerns, what they are shown, what cannot be told."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire.event import MAX_BODY_BYTES, Event, from_kafka
from schemas.wire.topics import Audience, Topic
from services.engine.capture.outbox import Change
from services.engine.capture.told import Digests
from services.engine.relay.feeds import Feed, feeds_of
from services.engine.relay.projection import Publication, publication
from services.engine.relay.views import Unpublishable, digests, views
from services.engine.settings import Settings
from tests import workshop

ROW = {"no": "t1", "nm": "锤子", "made": "2020-6-18", "price": 12.5, "holder": "张三", "remark": "旧"}


def feed(dataset: str = workshop.TOOLS) -> Feed:
    settings = Settings(
        kind=workshop.KIND,
        division=workshop.DIVISION,
        database_url="sqlite:///none",
        pseudonym_key_file=Path("none"),
    )
    [found] = [
        one for one in feeds_of(workshop.MAPPINGS, settings, workshop.SECRET) if one.dataset == dataset
    ]
    return found


def change(op: str, new: dict[str, Any] | None, **said: Any) -> Change:
    known = {
        "id": 1,
        "dataset": workshop.TOOLS,
        "raw_key": '["t1"]',
        "epoch": 2,
        "version": 7,
        "at": "2026-01-31T08:00:00.000Z",
        "sequence": None,
    }
    return Change(**{**known, "new": new and json.dumps(new), "op": op, **said})


def known_of(row: dict[str, Any], dataset: str = workshop.TOOLS) -> dict[str, str]:
    """What audiences were told who were last told this row."""
    return digests(views(feed(dataset), row))


def published(one: Change, known: Digests | None = None, dataset: str = workshop.TOOLS) -> Publication:
    return publication(feed(dataset), one, known, "sqlite")


def told(
    one: Change, known: Digests | None = None, dataset: str = workshop.TOOLS
) -> dict[tuple[int, Audience], Event]:
    """The events of a change, by major and audience."""
    messages = published(one, known, dataset).messages(42)
    topics = [Topic.parse(message.topic) for message in messages]
    events = [from_kafka(message.key, message.value, message.headers) for message in messages]
    return {(topic.major, topic.audience): event for topic, event in zip(topics, events, strict=True)}


def test_an_event_says_all_that_its_reader_needs() -> None:
    event = told(change("u", ROW), known_of({**ROW, "nm": "钳子"}))[1, Audience.PUBLIC]
    assert (event.type, event.source, event.subject) == (
        "cn.gov.workshop.tools.updated",
        "330203.workshop",
        "T1",
    )
    assert (event.order, event.sequence) == ((2, 7), "00000000000000000042")
    assert (event.time, event.recordedtime) == ("2026-01-31T08:00:00.000Z", "2026-01-31T08:00:00.000Z")
    assert event.dataschema == "urn:langqiao:contract:workshop.tools:1"
    assert (event.dataclassification, event.data) == ("L1", {"number": "T1", "name": "锤子"})


def test_the_bytes_are_the_same_each_time() -> None:
    one = change("c", ROW)
    first, second = (published(one).messages(3) for _ in range(2))
    assert first == second


def test_a_retry_goes_where_the_change_went_at_first_whatever_was_told_since() -> None:
    first = published(change("u", ROW), known_of({**ROW, "price": 1}))
    again = published(change("u", ROW, sequence=3, labels=first.labels), first.digests)
    assert first.labels == ("v1.shared", "v1.granted", "v2.shared", "v2.granted")
    assert again.messages(3) == first.messages(3)


#: What changes, and whom an update of it concerns in the first major.
CONCERNS = (
    ("nm", "钳子", {Audience.PUBLIC, Audience.SHARED, Audience.GRANTED}),
    ("price", 13.5, {Audience.SHARED, Audience.GRANTED}),
    ("holder", "李四", {Audience.GRANTED}),
    ("remark", "新", set()),
    ("made", "2021-1-1", set()),
    ("price", 12.501, set()),
)


@pytest.mark.parametrize(("column", "value", "audiences"), CONCERNS)
def test_an_update_concerns_those_who_may_see_what_it_alters(
    column: str, value: object, audiences: set[Audience]
) -> None:
    events = told(change("u", {**ROW, column: value}), known_of(ROW))
    assert {audience for major, audience in events if major == 1} == audiences


@pytest.mark.parametrize(
    ("op", "row", "known", "deed"),
    [
        ("c", ROW, None, "created"),
        ("u", ROW, None, "created"),
        ("s", ROW, known_of(ROW), "snapshot"),
        ("s", None, None, "deleted"),
        ("d", None, known_of(ROW), "deleted"),
        ("x", None, None, "deleted"),
    ],
)
def test_a_record_that_is_new_or_gone_or_read_again_concerns_all(
    op: str, row: dict[str, Any] | None, known: Digests | None, deed: str
) -> None:
    events = told(change(op, row), known)
    assert {audience for major, audience in events if major == 1} == set(Audience) - {Audience.CONTROL}
    assert {event.type.rpartition(".")[2] for event in events.values()} == {deed}


@pytest.mark.parametrize(
    ("op", "row", "known"), [("u", ROW, known_of(ROW)), ("c", ROW, known_of(ROW)), ("d", None, None)]
)
def test_what_audiences_know_is_not_told_again(
    op: str, row: dict[str, Any] | None, known: Digests | None
) -> None:
    assert told(change(op, row), known) == {}


def test_a_record_that_came_again_otherwise_is_updated() -> None:
    events = told(change("c", ROW), known_of({**ROW, "nm": "钳子"}))
    assert {event.type.rpartition(".")[2] for event in events.values()} == {"updated"}


def test_a_record_that_only_a_topic_knows_is_retracted_under_its_record_id() -> None:
    assert {event.subject for event in told(change("x", None, raw_key="T9")).values()} == {"T9"}


def test_a_control_record_is_an_event_on_its_majors_control_topic() -> None:
    said = {"major": 2, "kind": "epoch-began", "data": {"reason": "restored"}}
    [(place, event)] = told(change("k", said, raw_key="epoch-began")).items()
    assert place == (2, Audience.CONTROL)
    assert (event.type, event.subject) == ("cn.gov.workshop.tools.control.epoch-began", "epoch-began")
    assert event.data == {"reason": "restored"}


def test_a_control_record_of_a_major_that_is_offered_no_more_says_so() -> None:
    said = {"major": 3, "kind": "epoch-began", "data": {"reason": "restored"}}
    with pytest.raises(Unpublishable, match="major 3 of the dataset is no longer offered here"):
        published(change("k", said, raw_key="epoch-began"))


@pytest.mark.parametrize(
    ("made", "time"),
    [
        ("2020-6-18", "2020-06-17T16:00:00Z"),
        ("9999-12-31", "9999-12-30T16:00:00Z"),
        ("0001-01-01", "2026-01-31T08:00:00.000Z"),
        ("2020-13-45", "2026-01-31T08:00:00.000Z"),
    ],
)
def test_the_event_time_is_the_contracts_item_or_the_clock_of_capture(made: str, time: str) -> None:
    events = told(change("c", {**ROW, "made": made}))
    assert events[2, Audience.PUBLIC].time == time
    assert events[2, Audience.GRANTED].time == time
    assert events[1, Audience.PUBLIC].time == "2026-01-31T08:00:00.000Z"


def test_the_granted_are_told_where_to_fetch_and_nothing_else() -> None:
    event = told(change("c", ROW))[1, Audience.GRANTED]
    assert (event.data, event.dataref) == (None, "/records/workshop/tools/T1")


def test_a_public_key_is_safe_in_an_address() -> None:
    event = told(change("c", {**ROW, "no": "A/1 字"}, raw_key='["A/1 字"]'))[1, Audience.GRANTED]
    assert event.dataref == "/records/workshop/tools/A%2F1%20%E5%AD%97"


def test_a_large_projection_is_left_out() -> None:
    events = told(change("c", {**ROW, "nm": "x" * MAX_BODY_BYTES}))
    assert events[1, Audience.PUBLIC].data is None
    assert events[1, Audience.PUBLIC].dataref == "/records/workshop/tools/T1"
    assert events[2, Audience.PUBLIC].data is not None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=4), st.text(min_size=4))
def test_no_byte_on_a_topic_is_above_its_audience(holder: str, remark: str) -> None:
    secrets = {"holder": f"holder-{holder}", "remark": f"remark-{remark}"}
    for message in published(change("c", {**ROW, **secrets})).messages(1):
        said = b"\0".join((message.key, message.value or b"", *(text for _, text in message.headers)))
        assert b"holder-" not in said
        assert b"remark-" not in said


def test_a_personal_key_appears_on_no_topic() -> None:
    row = {"who": "330203198001010017", "n": 1, "lent": "2026-01-31 08:00:00"}
    one = change("c", row, dataset=workshop.LOANS, raw_key='["330203198001010017", 1]')
    for message in published(one, dataset=workshop.LOANS).messages(1):
        said = b"\0".join((message.key, message.value or b"", *(text for _, text in message.headers)))
        assert b"330203198001010017" not in said


UNPUBLISHABLE = (
    (change("c", {"no": "t1"}), "the column nm is gone"),
    (change("c", {**ROW, "nm": "\ud800"}), "an item holds text that is no Unicode"),
)


@pytest.mark.parametrize(("one", "reason"), UNPUBLISHABLE)
def test_what_cannot_be_told_is_said_without_a_value(one: Change, reason: str) -> None:
    with pytest.raises(Unpublishable, match=f"^{reason}$"):
        published(one)


def test_a_row_whose_key_cannot_be_read_is_no_record_and_tells_nothing() -> None:
    assert told(change("c", {**ROW, "no": "\\N"}, raw_key='["\\\\N"]')) == {}


def test_an_item_that_cannot_be_read_is_null() -> None:
    events = told(change("c", {**ROW, "made": "n/a", "price": "n/a"}))
    assert events[2, Audience.SHARED].data == {"number": "T1", "made_on": None, "price": None}
