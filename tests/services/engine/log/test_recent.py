"""What a restart finds in the log: every message that could come again, and every call that was spent today."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.law.sharing.limits import legal_day
from schemas.trust.entries import Entry
from schemas.trust.message import REACH
from services.engine.log.files import backwards, lines, segments
from services.engine.log.recent import calls_on, messages_since
from tests.services.engine.log.desk import NOON, entry, store

_SECOND = timedelta(seconds=1)


def _answered(name: str, at: datetime = NOON) -> Entry:
    return replace(entry(at=at), message=name)


def test_an_empty_log_answered_no_message(tmp_path: Path) -> None:
    assert messages_since(tmp_path / "none", NOON) == []
    store(tmp_path).write([])
    assert messages_since(tmp_path, NOON) == []


def test_messages_are_found_in_the_order_in_which_they_were_answered_over_all_files(tmp_path: Path) -> None:
    log = store(tmp_path, segment_bytes=600)
    for number in range(20):
        log.write([_answered(f"m{number}"), entry()])
    assert len(segments(tmp_path)) > 3
    assert messages_since(tmp_path, NOON) == [f"m{number}" for number in range(20)]


def test_none_is_looked_for_where_none_could_come_again(tmp_path: Path) -> None:
    log = store(tmp_path)
    ages = (REACH + _SECOND, REACH, _SECOND)
    log.write([_answered(f"{age.seconds} s ago", NOON - age) for age in ages])
    assert messages_since(tmp_path, NOON) == ["120 s ago", "1 s ago"]


def test_what_a_killed_writer_left_half_written_hides_nothing_before_it(tmp_path: Path) -> None:
    store(tmp_path).write([_answered("m1"), _answered("m2")])
    path = segments(tmp_path)[0].path
    path.write_bytes(path.read_bytes()[:-10])
    assert messages_since(tmp_path, NOON) == ["m1"]
    path.write_bytes(path.read_bytes() + b"\0\0\0\n")
    assert messages_since(tmp_path, NOON) == ["m1"]


def test_todays_calls_on_a_grant_are_counted_once_however_many_chunks_answered_them(tmp_path: Path) -> None:
    log = store(tmp_path, segment_bytes=600)
    yesterday = NOON - timedelta(days=1)
    log.write([replace(_answered("m0", yesterday), grant="G-1")])
    for name, grant in (("m1", "G-1"), ("m1", "G-1"), ("m2", "G-1"), ("m3", "G-2"), ("m4", None)):
        log.write([replace(_answered(name), grant=grant)])
    log.write([replace(entry(), grant="G-2"), replace(entry(), grant="G-2")])
    assert calls_on(tmp_path, legal_day(NOON)) == {"G-1": 2, "G-2": 3}
    assert calls_on(tmp_path / "none", legal_day(NOON)) == {}


@given(
    content=st.lists(st.binary(max_size=5).filter(lambda one: b"\n" not in one), max_size=6),
    torn=st.binary(max_size=3),
)
def test_lines_backwards_are_the_lines(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes], torn: bytes
) -> None:
    folder = tmp_path_factory.mktemp("log")
    store(folder).write([])
    segment = segments(folder)[0]
    segment.path.write_bytes(b"".join(one + b"\n" for one in content) + torn.replace(b"\n", b""))
    whole = [one for one in lines(segment) if one.endswith(b"\n")]
    assert [one + b"\n" for one in backwards(segment)] == whole[::-1]
