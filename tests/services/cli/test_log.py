"""`langqiao log`: run by someone who is not the department, it finds what was done to a log, and says where."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from services.engine.log.files import segments
from services.engine.log.store import Store
from tests.services.cli.kept_log import NODE, Kept, entry, keep, lines, write_as_one
from tests.services.cli.tool import department, run


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return keep(tmp_path)


def test_a_log_as_it_was_written_is_whole(kept: Kept) -> None:
    for result in (kept.verify(), kept.held()):
        assert result.exit_code == 0, result.output
        assert "7 lines, the last entry is 7" in result.output
    assert "held against 2 checkpoints and 6 receipts: 0 faults" in kept.held().output.replace("\n", " ")


def _altered(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(b"officer", b"0fficer"), *lines[4:]]


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


_TAMPERED: list[tuple[Callable[[list[bytes]], list[bytes]], str, int]] = [
    (_altered, "altered", 4),
    (lambda lines: [*lines[:3], *lines[4:]], "removed", 4),
    (lambda lines: [*lines[:3], lines[1], *lines[3:]], "inserted", 2),
    (_swapped, "reordered", 4),
    (lambda lines: [*lines[:-1], lines[-1][:-9]], "torn", 7),
]


@pytest.mark.parametrize(("tamper", "fault", "number"), _TAMPERED, ids=[one[1] for one in _TAMPERED])
def test_whoever_has_the_log_alone_finds_what_was_done_to_it(
    kept: Kept, tamper: Callable[[list[bytes]], list[bytes]], fault: str, number: int
) -> None:
    write_as_one(kept.log, tamper(lines(kept.log)))
    result = kept.verify("--json")
    assert result.exit_code == 1
    found = [orjson.loads(line) for line in result.output.splitlines()]
    assert (found[0]["fault"], found[0]["entry"]) == (fault, number)
    assert fault in kept.verify().output


def test_a_log_written_anew_or_cut_short_shows_against_what_others_hold(kept: Kept) -> None:
    write_as_one(kept.log, lines(kept.log)[:4])
    assert kept.verify().exit_code == 0
    cut = kept.held()
    assert cut.exit_code == 1
    assert "removed" in cut.output
    assert "never-written" in cut.output
    shutil.rmtree(kept.log)
    now = datetime.now(UTC)
    anew = Store(kept.log, NODE, lambda: now)
    anew.write([entry(now, 9 - place) for place in range(6)])
    anew.close()
    assert kept.verify().exit_code == 0
    rewritten = kept.held()
    assert rewritten.exit_code == 1
    assert "rewritten" in rewritten.output


def test_evidence_that_nobody_signed_is_named_and_proves_nothing(kept: Kept) -> None:
    with (kept.folder / "receipts").open("a") as file:
        file.write("\na.b.c")
    result = kept.held()
    assert result.exit_code == 0
    assert "proves nothing: receipts:7: malformed" in result.output


def test_evidence_needs_a_registry_that_the_authority_signed(kept: Kept) -> None:
    assert kept.verify("--receipts", str(kept.folder / "receipts")).exit_code == 2
    refused = kept.verify("--registry", str(kept.folder / "registry.jws"), "--authority", "{}")
    assert refused.exit_code == 2


def test_entries_are_shown_by_who_and_what(kept: Kept) -> None:
    def shown(*arguments: str) -> list[int]:
        result = run("log", "show", str(kept.log), *arguments)
        assert result.exit_code == 0, result.output
        return [orjson.loads(line)["number"] for line in result.output.splitlines()]

    assert shown() == [1, 2, 3, 4, 5, 6, 7]
    assert shown("--officer", "officer-1") == [3, 5, 7]
    assert shown("--act", "began") == [1]
    assert shown("--dataset", "credit.penalties", "--count", "2") == [6, 7]
    assert shown("--member", "nobody") == shown("--subject", "nobody") == []


def test_pruning_takes_old_files_alone_and_says_which(tmp_path: Path) -> None:
    told = department(tmp_path) | {"LANGQIAO_LOG_FOLDER": str(tmp_path / "log")}
    long_ago = datetime.now(UTC) - timedelta(days=1_200)
    log = Store(tmp_path / "log", NODE, lambda: long_ago)
    log.write([entry(long_ago, 0)])
    log.write([entry(datetime.now(UTC), 1)])
    log.close()
    dry = run("log", "prune", "--dry-run", environment=told)
    assert "entries 1 to 2" in dry.output
    assert len(segments(tmp_path / "log")) == 2
    assert run("log", "prune", environment=told).exit_code == 0
    assert [one.first for one in segments(tmp_path / "log")] == [3]
    assert run("log", "verify", str(tmp_path / "log")).exit_code == 0
    held = Store(tmp_path / "log", NODE, lambda: long_ago)
    held.open()
    refused = run("log", "prune", environment=told)
    held.close()
    assert refused.exit_code == 1
    assert "another process writes this log" in refused.output
