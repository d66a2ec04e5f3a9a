"""A person's entries are found in any log as whoever reads it whole would find them, whatever became of the indexes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from schemas.trust.about import LAST
from schemas.trust.entries import Entry
from schemas.trust.subjects import pseudonym
from services.engine.log import index, traces
from services.engine.log.files import segments
from services.engine.log.traces import Traces, entries
from tests.services.engine.log.desk import entry, said, store

_PEOPLE = [pseudonym(b"k" * 32, ("id-number", str(number))) for number in range(5)]


def _about(*people: str, question: str | None = None) -> Entry:
    return replace(entry(), subjects=tuple(sorted(people)), question=question)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of many segments, about one person, several or nobody."""
    chance = Random(7)
    log = store(tmp_path, segment_bytes=4_000)
    for _ in range(30):
        log.write([_about(*chance.sample(_PEOPLE[:4], chance.randrange(4))) for _ in range(10)])
    log.close()
    assert len(segments(tmp_path)) > 10
    return tmp_path


def _found(folder: Path, people: Sequence[str], before: int = LAST) -> list[int]:
    return [line.number for line in entries(folder, people, before)]


def _expected(folder: Path, people: Sequence[str], before: int = LAST) -> list[int]:
    numbers = [one["number"] for one in said(folder) if set(people) & set(one.get("subjects", ()))]
    return sorted((one for one in numbers if one < before), reverse=True)


def _ready(folder: Path) -> None:
    asyncio.run(Traces(folder).ready())
    assert index.missing(segments(folder)[:-1]) == []


def _agree(folder: Path) -> None:
    for people in (_PEOPLE[:1], _PEOPLE[1:3], _PEOPLE[4:]):
        for before in (LAST, 200, 37, 1):
            assert _found(folder, people, before) == _expected(folder, people, before)


def test_by_indexes_and_without_them_the_same_entries_are_found_newest_first(folder: Path) -> None:
    _agree(folder)
    _ready(folder)
    _agree(folder)
    assert _found(folder, _PEOPLE[4:]) == []


def test_an_index_is_the_same_whether_it_was_sorted_at_once_or_in_runs(folder: Path) -> None:
    first = segments(folder)[0]
    index.build(first)
    at_once = first.path.with_suffix(".subjects").read_bytes()
    index.build(first, at_once=3)
    assert first.path.with_suffix(".subjects").read_bytes() == at_once


def test_the_last_file_is_read_in_blocks_of_any_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_BLOCK", 61)
    _agree(folder)


@pytest.mark.parametrize("harm", [b"", b"subjects", b"not an index at all, but longer than its head"])
def test_an_index_that_is_gone_or_damaged_is_made_anew(folder: Path, harm: bytes) -> None:
    _ready(folder)
    for one in folder.glob("*.subjects"):
        one.write_bytes(harm)
    _ready(folder)
    _agree(folder)


def test_a_log_that_was_put_back_is_not_looked_up_by_another_ones_index(folder: Path) -> None:
    _ready(folder)
    first = segments(folder)[0].path
    first.write_bytes(b"".join(first.read_bytes().splitlines(keepends=True)[:3]))
    _ready(folder)
    _agree(folder)


def test_what_was_pruned_is_in_no_index_and_what_was_left_half_made_is_taken_away(folder: Path) -> None:
    _ready(folder)
    segments(folder)[0].path.unlink()
    (folder / "x.subjects.new").write_bytes(b"x")
    _ready(folder)
    assert len(list(folder.glob("*.subjects*"))) == len(segments(folder)) - 1
    _agree(folder)


def test_an_entry_that_only_quotes_a_pseudonym_is_not_about_the_person(tmp_path: Path) -> None:
    log = store(tmp_path)
    log.write([_about(question=_PEOPLE[0]), _about(_PEOPLE[0])])
    assert _found(tmp_path, _PEOPLE[:1]) == [3]


def test_a_damaged_line_hides_no_other(folder: Path) -> None:
    _ready(folder)
    first = segments(folder)[0].path
    lines = first.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"read"', b'"nead"')
    first.write_bytes(b"".join(lines))
    wanted = [one for one in _expected(folder, _PEOPLE) if one != 4]
    assert _found(folder, _PEOPLE) == wanted


def test_a_log_that_was_never_written_holds_nothing_about_anybody(tmp_path: Path) -> None:
    _agree(tmp_path / "none")
    asyncio.run(Traces(tmp_path / "none").ready())
