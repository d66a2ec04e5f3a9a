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
from services.engine.relay.feeds import Feed, feeds_of
from services.engine.relay.projection import Unpublishable, publication
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


def change(op: str, old: dict[str, Any] | None, new: dict[str, Any] | None, **said: Any) -> Change:
    known = {
        "id": 1,
        "dataset": workshop.TOOLS,
        "raw_key": '["t1"]',
        "epoch": 2,
        "version": 7,
        "at": "2026-01-31T08:00:00.000Z",
        "sequence": None,
        "behind": False,
    }
    rows = {"old": old and json.dumps(old), "new": new and json.dumps(new)}
    return Change(**{**known, **rows, "op": op, **said})


def told(one: Change, dataset: str = workshop.TOOLS) -> dict[tuple[int, Audience], Event]:
    """The events of a change, by major and audience."""
    messages = publication(feed(dataset), one, "sqlite").messages(42)
    topics = [Topic.parse(message.topic) for message in messages]
    events = [from_kafka(message.key, message.value, message.headers) for message in messages]
    return {(topic.major, topic.audience): event for topic, event in zip(topics, events, strict=True)}


def test_an_event_says_all_that_its_reader_needs() -> None:
    event = told(change("u", {**ROW, "nm": "钳子"}, ROW))[1, Audience.PUBLIC]
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
    one = change("c", None, ROW)
    first, second = (publication(feed(), one, "sqlite").messages(3) for _ in range(2))
    assert first == second


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
    events = told(change("u", ROW, {**ROW, column: value}))
    assert {audience for major, audience in events if major == 1} == audiences


@pytest.mark.parametrize("op", ["c", "s", "d"])
def test_a_record_that_is_new_or_gone_or_read_again_concerns_all(op: str) -> None:
    events = told(change(op, ROW if op == "d" else None, None if op == "d" else ROW))
    assert {audience for major, audience in events if major == 1} == set(Audience) - {Audience.CONTROL}
    assert {event.deleted for event in events.values()} == {op == "d"}


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
    events = told(change("c", None, {**ROW, "made": made}))
    assert events[2, Audience.PUBLIC].time == time
    assert events[2, Audience.GRANTED].time == time
    assert events[1, Audience.PUBLIC].time == "2026-01-31T08:00:00.000Z"


def test_the_granted_are_told_where_to_fetch_and_nothing_else() -> None:
    event = told(change("c", None, ROW))[1, Audience.GRANTED]
    assert (event.data, event.dataref) == (None, "/records/workshop/tools/T1")


def test_a_public_key_is_safe_in_an_address() -> None:
    event = told(change("c", None, {**ROW, "no": "A/1 字"}, raw_key='["A/1 字"]'))[1, Audience.GRANTED]
    assert event.dataref == "/records/workshop/tools/A%2F1%20%E5%AD%97"


def test_a_large_projection_is_left_out() -> None:
    events = told(change("c", None, {**ROW, "nm": "x" * MAX_BODY_BYTES}))
    assert events[1, Audience.PUBLIC].data is None
    assert events[1, Audience.PUBLIC].dataref == "/records/workshop/tools/T1"
    assert events[2, Audience.PUBLIC].data is not None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=4), st.text(min_size=4))
def test_no_byte_on_a_topic_is_above_its_audience(holder: str, remark: str) -> None:
    secrets = {"holder": f"holder-{holder}", "remark": f"remark-{remark}"}
    for message in publication(feed(), change("c", None, {**ROW, **secrets}), "sqlite").messages(1):
        said = b"\0".join((message.key, message.value or b"", *(text for _, text in message.headers)))
        assert b"holder-" not in said
        assert b"remark-" not in said


def test_a_personal_key_appears_on_no_topic() -> None:
    row = {"who": "330203198001010017", "n": 1, "lent": "2026-01-31 08:00:00"}
    one = change("c", None, row, dataset=workshop.LOANS, raw_key='["330203198001010017", 1]')
    for message in publication(feed(workshop.LOANS), one, "sqlite").messages(1):
        said = b"\0".join((message.key, message.value or b"", *(text for _, text in message.headers)))
        assert b"330203198001010017" not in said


UNPUBLISHABLE = (
    (change("c", None, {"no": "t1"}), "the column nm is gone"),
    (change("c", None, {**ROW, "nm": "\ud800"}), "an item holds text that is no Unicode"),
)


@pytest.mark.parametrize(("one", "reason"), UNPUBLISHABLE)
def test_what_cannot_be_told_is_said_without_a_value(one: Change, reason: str) -> None:
    with pytest.raises(Unpublishable, match=f"^{reason}$"):
        publication(feed(), one, "sqlite")


def test_a_row_whose_key_cannot_be_read_is_no_record_and_tells_nothing() -> None:
    assert told(change("c", None, {**ROW, "no": "\\N"}, raw_key='["\\\\N"]')) == {}


def test_a_column_that_came_later_makes_an_update_concern_all_once() -> None:
    before = {name: value for name, value in ROW.items() if name != "price"}
    assert (1, Audience.PUBLIC) in told(change("u", before, ROW))


def test_an_item_that_cannot_be_read_is_null() -> None:
    events = told(change("c", None, {**ROW, "made": "n/a", "price": "n/a"}))
    assert events[2, Audience.SHARED].data == {"number": "T1", "made_on": None, "price": None}
