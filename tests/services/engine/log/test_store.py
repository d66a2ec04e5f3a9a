"""The log's files: they only grow, go on where they ended whatever ended them, and have one writer."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.entries import Head
from services.engine.log.files import LogUnavailable, segments
from services.engine.log.store import Store
from tests.services.engine.log.desk import NOON, acts, entry, findings, full_disk, raw, said, store


def test_a_log_begins_with_an_entry_of_its_own_and_goes_on_after_it_was_closed(tmp_path: Path) -> None:
    for _ in range(3):
        log = store(tmp_path)
        assert len(log.write([entry(), entry()])) == 2
        log.close()
    assert acts(tmp_path) == ["began"] + ["read"] * 6
    assert findings(tmp_path) == []


def test_each_entry_is_told_where_it_stands(tmp_path: Path) -> None:
    log = store(tmp_path)
    heads = log.write([entry(1), entry(2)])
    assert [head.number for head in heads] == [2, 3]
    assert log.head == heads[-1]
    log.close()


def test_another_node_s_log_is_not_gone_on_with(tmp_path: Path) -> None:
    log = store(tmp_path)
    log.write([entry()])
    log.close()
    other, before = Store(tmp_path, "330203.taxation", lambda: NOON), raw(tmp_path)
    with pytest.raises(LogUnavailable, match="another node"):
        other.write([entry()])
    other.close()
    assert raw(tmp_path) == before


@given(st.data())
def test_what_a_killed_writer_left_is_cut_off_and_said(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = store(folder)
    log.write([entry(1), entry(2)])
    log.close()
    whole = segments(folder)[0].path.read_bytes()
    cut = data.draw(st.integers(1, len(whole) - 1))
    segments(folder)[0].path.write_bytes(whole[:cut])
    kept = whole[:cut].count(b"\n")
    torn = cut - whole[:cut].rfind(b"\n") - 1
    log = store(folder)
    log.write([entry(3)])
    log.close()
    assert findings(folder) == []
    assert raw(folder)[:kept] == whole.splitlines(keepends=True)[:kept]
    [*_, last] = said(folder)
    assert last["records"] == 3
    recovered = [one["told"]["bytes"] for one in said(folder) if one["act"] == "recovered"]
    assert recovered == ([torn] if torn else [])


def test_blocks_that_a_power_cut_left_empty_are_no_entries(tmp_path: Path) -> None:
    log = store(tmp_path)
    log.write([entry(1)])
    log.close()
    with segments(tmp_path)[0].path.open("ab") as file:
        file.write(bytes(512) + b'"}\n')
    log = store(tmp_path)
    log.write([entry(2)])
    log.close()
    assert findings(tmp_path) == []
    assert acts(tmp_path) == ["began", "read", "recovered", "read"]
    assert [path.name[:5] for path in tmp_path.iterdir()].count("torn-") == 1, "what was cut off is kept"


def test_a_full_disk_takes_nothing_half_and_leaves_the_log_whole(tmp_path: Path) -> None:
    log = store(tmp_path)
    log.write([entry(1)])
    before = raw(tmp_path)
    with full_disk(sum(map(len, before)) + 100), pytest.raises(OSError, match="File too large"):
        log.write([entry(2), entry(3)])
    assert raw(tmp_path) == before
    assert [head.number for head in log.write([entry(4)])] == [3]
    log.close()
    assert findings(tmp_path) == []


def test_a_segment_that_is_large_enough_or_of_another_month_is_followed_by_another(tmp_path: Path) -> None:
    log = store(tmp_path, segment_bytes=500)
    for records in range(5):
        log.write([entry(records)])
    log.write([entry(5, NOON + timedelta(days=1))])
    assert len(segments(tmp_path)) > 2
    assert findings(tmp_path) == []
    log.close()
    fresh = store(tmp_path)
    fresh.write([entry(6, NOON + timedelta(days=1))])
    assert segments(tmp_path)[-1].first == fresh.head.number
    fresh.close()
    assert findings(tmp_path) == []


def test_an_empty_segment_of_a_writer_that_died_is_no_end_of_the_log(tmp_path: Path) -> None:
    log = store(tmp_path)
    log.write([entry(1)])
    log.close()
    (tmp_path / "access-000000000003.jsonl").touch()
    log = store(tmp_path)
    assert log.write([entry(2)]) == [Head(3, log.head.hash)]
    log.close()
    assert findings(tmp_path) == []


_HOLD = """
import sys, fcntl
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        log = store(tmp_path)
        with pytest.raises(LogUnavailable, match="another process writes this log"):
            log.write([entry()])
        assert segments(tmp_path) == []
        other.kill()
    assert len(log.write([entry()])) == 1
    log.close()


def test_nobody_else_reads_the_log(tmp_path: Path) -> None:
    log = store(tmp_path / "deep" / "log")
    log.write([entry()])
    log.close()
    paths = [tmp_path / "deep" / "log", *(tmp_path / "deep" / "log").iterdir()]
    assert [oct(path.stat().st_mode & 0o077) for path in paths] == ["0o0"] * len(paths)
