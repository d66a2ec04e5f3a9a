"""Entries that were kept long enough go by whole files, and the log says so; younger ones are missed by who looks."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.trust.chain import Fault
from services.engine.log.files import LogUnavailable, segments
from services.engine.log.pruning import old, prune
from services.engine.log.verifying import verify
from tests.services.engine.log.desk import NOON, acts, entry, said, store

_KEEP = timedelta(days=1_096)
_OLD, _YOUNG = NOON - timedelta(days=1_200), NOON - timedelta(days=1_000)


def _kept_for_years(folder: Path) -> None:
    """Files of two months four years ago, of one later month, and of today."""
    log = store(folder, _OLD - timedelta(days=31))
    log.write([entry(at=_OLD - timedelta(days=31))])
    for at in (_OLD, _YOUNG, NOON):
        log.write([entry(at=at), entry(at=at)])
    log.close()
    assert len(segments(folder)) == 4


def test_only_what_is_old_enough_goes_and_the_rest_is_whole(tmp_path: Path) -> None:
    _kept_for_years(tmp_path)
    log = store(tmp_path)
    gone = prune(log, _KEEP, NOON)
    assert [(one.segment.first, one.number) for one in gone] == [(1, 2), (3, 4)]
    assert old(log, _KEEP, NOON) == []
    log.write([entry()])
    log.close()
    assert [one["number"] for one in said(tmp_path)] == list(range(5, 11))
    assert acts(tmp_path) == ["read"] * 4 + ["pruned", "read"]
    assert verify(tmp_path).findings == []


def test_a_prune_that_was_killed_halfway_leaves_a_whole_log_and_can_be_done_again(tmp_path: Path) -> None:
    _kept_for_years(tmp_path)
    first, second, *_ = segments(tmp_path)
    kept = second.path.read_bytes()
    log = store(tmp_path)
    prune(log, _KEEP, NOON)
    second.path.write_bytes(kept)
    assert verify(tmp_path).findings == []
    assert [one.segment for one in prune(log, _KEEP, NOON)] == [second]
    log.close()
    assert not first.path.exists()
    assert verify(tmp_path).findings == []


def test_a_file_that_was_deleted_by_hand_is_missed(tmp_path: Path) -> None:
    _kept_for_years(tmp_path)
    first, _, third, _ = segments(tmp_path)
    first.path.unlink()
    assert [(one.fault, one.number, one.last) for one in verify(tmp_path).findings] == [(Fault.REMOVED, 1, 2)]
    third.path.unlink()
    faults = [(one.fault, one.number, one.last) for one in verify(tmp_path).findings]
    assert faults == [(Fault.REMOVED, 1, 2), (Fault.REMOVED, 5, 6)]


def test_nothing_is_pruned_beside_a_running_service(tmp_path: Path) -> None:
    _kept_for_years(tmp_path)
    running = store(tmp_path)
    running.open()
    with pytest.raises(LogUnavailable, match="another process"):
        prune(store(tmp_path), _KEEP, NOON)
    running.close()
    assert len(segments(tmp_path)) == 4
