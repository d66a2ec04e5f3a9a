"""What can be done to a log is found, and said where: whatever byte, line or run of lines it was."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.trust.chain import Chain, Fault, Finding, Witnessed, check, hold
from schemas.trust.entries import BEGINNING, Act, BadLine, Entry, instant, read, write
from schemas.trust.statements import Checkpoint
from tests.schemas.trust.logs import NODE, NOON, entries, written


def _found(findings: list[Finding]) -> list[tuple[Fault, int, int]]:
    return [(one.fault, one.number, one.last) for one in findings]


@given(entries())
def test_a_log_as_it_was_written_is_whole_and_reads_as_what_was_entered(made: list[Entry]) -> None:
    lines, heads = written(made)
    assert check(lines) == []
    found = [read(line) for line in lines]
    assert [one.head for one in found] == heads
    assert [one.number for one in found] == list(range(1, len(made) + 1))
    assert [one.previous for one in found] == [BEGINNING, *(head.hash for head in heads[:-1])]
    assert [one.said["answer"] for one in found] == [one.answer for one in made]


@given(entries(), st.data())
def test_an_altered_byte_is_found_at_its_entry(made: list[Entry], data: Any) -> None:
    lines, _ = written(made)
    at = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[at]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte not in (lines[at][place], ord("\n"))))
    lines[at] = lines[at][:place] + bytes([other]) + lines[at][place + 1 :]
    assert _found(check(lines)) == [(Fault.ALTERED, at + 1, at + 1)]


@given(entries(least=2), st.data())
def test_an_entry_that_was_rewritten_with_its_hash_is_found_by_the_next(made: list[Entry], data: Any) -> None:
    lines, heads = written(made)
    at = data.draw(st.integers(0, len(lines) - 2))
    before = read(lines[at]).previous
    changed = replace(made[at], member="somebody else")
    lines[at] = write(changed, replace(heads[at], number=at, hash=before))[0][:-1]
    assume(read(lines[at]).hash != heads[at].hash)
    assert _found(check(lines)) == [(Fault.ALTERED, at + 1, at + 1)]


@given(entries(least=2), st.data())
def test_removed_entries_are_found_with_the_run_that_is_missing(made: list[Entry], data: Any) -> None:
    lines, _ = written(made)
    first = data.draw(st.integers(0, len(lines) - 2))
    last = data.draw(st.integers(first, len(lines) - 2))
    del lines[first : last + 1]
    assert _found(check(lines)) == [(Fault.REMOVED, first + 1, last + 1)]


@given(entries(least=2), st.data())
def test_swapped_entries_are_found(made: list[Entry], data: Any) -> None:
    lines, _ = written(made)
    one, other = sorted(
        data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True))
    )
    lines[one], lines[other] = lines[other], lines[one]
    findings = check(lines)
    assert {found.fault for found in findings} == {Fault.REORDERED}
    assert {found.number for found in findings} == set(range(one + 1, other + 1))


@given(entries(), entries(most=1), st.data())
def test_an_inserted_entry_is_found_whether_or_not_it_fits_to_the_one_before(
    made: list[Entry], forged: list[Entry], data: Any
) -> None:
    lines, heads = written(made)
    at = data.draw(st.integers(1, len(lines)))
    fits = data.draw(st.booleans())
    assume(at < len(lines))
    after = heads[at - 1] if fits else replace(heads[at - 1], hash="f" * 64)
    more = write(replace(forged[0], member="forged"), after)[0][:-1]
    assume(more != lines[at])
    findings = check([*lines[:at], more, *lines[at:]])
    assert Fault.INSERTED in {one.fault for one in findings}
    assert {one.number for one in findings} <= {at, at + 1}


@given(entries(), st.binary(max_size=40).filter(lambda raw: b"\n" not in raw), st.data())
def test_inserted_rubbish_is_found_where_it_stands(made: list[Entry], rubbish: bytes, data: Any) -> None:
    lines, _ = written(made)
    at = data.draw(st.integers(0, len(lines) - 1))
    assert _found(check([*lines[:at], rubbish, *lines[at:]])) == [(Fault.INSERTED, at + 1, at + 1)]


@given(entries(least=2), st.data())
def test_a_missing_end_is_found_by_a_checkpoint_that_others_hold(made: list[Entry], data: Any) -> None:
    lines, heads = written(made)
    kept = data.draw(st.integers(1, len(lines) - 1))
    held = data.draw(st.integers(kept + 1, len(lines)))
    point = Checkpoint(NODE, held, heads[held - 1].hash, NOON)
    assert check(lines[:kept]) == []
    assert _found(check(lines[:kept], [point], list(hold([point])))) == [(Fault.REMOVED, held, held)]
    assert check(lines, [point], list(hold([point]))) == []


@given(entries(least=2), st.data())
def test_a_whole_log_that_was_written_anew_is_found_by_a_checkpoint_that_others_hold(
    made: list[Entry], data: Any
) -> None:
    lines, heads = written(made)
    changed = data.draw(st.integers(0, len(lines) - 1))
    held = data.draw(st.integers(changed + 1, len(lines)))
    other = [replace(one, member="rewritten") if at == changed else one for at, one in enumerate(made)]
    anew, _ = written(other)
    assume(anew != lines)
    point = Checkpoint(NODE, held, heads[held - 1].hash, NOON)
    assert check(anew) == []
    assert _found(check(anew, [point], list(hold([point])))) == [(Fault.REWRITTEN, held, held)]


@given(entries(), st.data())
def test_a_receipt_finds_an_entry_that_says_otherwise_and_one_never_written(
    made: list[Entry], data: Any
) -> None:
    lines, heads = written(made)
    at = data.draw(st.integers(0, len(lines) - 1))
    head, one = heads[at], made[at]
    assert one.request is not None
    says = {"request": one.request} | ({"member": one.member} if one.member is not None else {})
    right = Witnessed(head.number, head.hash, "a receipt", Fault.NEVER_WRITTEN, one.at, says)
    assert check(lines, witnessed=[right]) == []
    for wrong in (replace(right, hash="0" * 64), replace(right, says=says | {"member": "b" * 64})):
        assert _found(check(lines, witnessed=[wrong])) == [(Fault.REWRITTEN, at + 1, at + 1)]
    beyond = replace(right, number=len(lines) + 5)
    assert _found(check(lines, witnessed=[beyond])) == [(Fault.NEVER_WRITTEN, len(lines) + 5, len(lines) + 5)]


_LONG_AGO = NOON - timedelta(days=1_200)


def _pruned(made: list[Entry], cut: int, at: str) -> list[bytes]:
    """A log whose first entries are gone, with the entry that tells of it."""
    lines, heads = written(made)
    told = {"segments": [{"first": 1, "last": cut, "hash": heads[cut - 1].hash, "at": at}]}
    last, _ = write(Entry(NOON, NODE, Act.PRUNED, told=told), heads[-1])
    return [*lines[cut:], last[:-1]]


@given(entries(least=2), st.data())
def test_pruned_entries_are_missed_unless_an_entry_tells_of_just_these(made: list[Entry], data: Any) -> None:
    cut = data.draw(st.integers(1, len(made) - 1))
    lines = _pruned(made, cut, _LONG_AGO.isoformat())
    assert check(lines) == []
    assert _found(check(lines[:-1])) == [(Fault.REMOVED, 1, cut)]
    if len(lines) > 2:
        assert (Fault.REMOVED, 1, cut + 1) in _found(check(lines[1:]))


def test_pruning_too_early_is_found_by_what_it_tells_and_by_what_others_hold() -> None:
    made = [Entry(NOON, NODE, Act.READ, records=place) for place in range(5)]
    young = (NOON - timedelta(days=30)).isoformat()
    assert _found(check(_pruned(made, 3, young))) == [(Fault.PRUNED_EARLY, 3, 3)]
    # It says that they are old; but a month ago its node signed that they were not written yet.
    lying = _pruned(made, 3, _LONG_AGO.isoformat())
    point = Checkpoint(NODE, 2, "a" * 64, NOON - timedelta(days=30))
    assert _found(check(lying, [point])) == [(Fault.PRUNED_EARLY, 3, 3)]


def test_an_unfinished_last_line_is_torn() -> None:
    lines, _ = written([Entry(NOON, NODE, Act.READ)] * 2)
    chain = Chain()
    chain.take(lines[0])
    chain.torn(len(lines[1]))
    assert _found(chain.end()) == [(Fault.TORN, 2, 2)]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"7",
        b'{"entry":7,"hash":"a"}',
        b'{"entry":{"number":0,"previous":"a"},"hash":"a"}',
        b'{"entry":{"number":"1","previous":"a"},"hash":"a"}',
        b'{"entry":{"number":1,"previous":null},"hash":"a"}',
        b'{"entry":{"number":true,"previous":"a"},"hash":"a"}',
    ],
)
def test_what_is_no_entry_is_refused(line: bytes) -> None:
    with pytest.raises(BadLine):
        read(line)


def test_an_entry_with_another_spelling_of_the_same_values_is_not_as_written() -> None:
    line = written([Entry(NOON, NODE, Act.READ, records=3)])[0][0]
    spaced = line.replace(b'"records":3', b'"records": 3')
    assert orjson.loads(spaced) == orjson.loads(line)
    with pytest.raises(BadLine):
        read(spaced)


def test_pruning_is_judged_by_the_day_on_which_others_saw_it_done() -> None:
    """Entries of three years ago went today, by an entry of a day to come."""
    made = [Entry(_LONG_AGO + timedelta(days=900 * place), NODE, Act.READ) for place in range(2)]
    lines, heads = written([*made, Entry(NOON, NODE, Act.READ)])
    told = {"segments": [{"first": 1, "last": 2, "hash": heads[1].hash, "at": instant(made[1].at)}]}
    later = NOON + timedelta(days=1_200)
    more, end = write(Entry(later, NODE, Act.PRUNED, told=told), heads[-1])
    left = [lines[2], more[:-1]]
    assert check(left) == []
    assert _found(check(left, [Checkpoint(NODE, end.number, end.hash, NOON)])) == [(Fault.PRUNED_EARLY, 2, 2)]
    receipt = Witnessed(end.number, end.hash, "a receipt", at=NOON)
    assert _found(check(left, witnessed=[receipt])) == [(Fault.PRUNED_EARLY, 2, 2)]
    read_now = Chain(now=NOON)
    for line in left:
        read_now.take(line)
    assert _found(read_now.end()) == [(Fault.PRUNED_EARLY, 2, 2)]


def test_what_others_hold_of_entries_that_are_gone_must_be_one() -> None:
    lines = _pruned([Entry(NOON, NODE, Act.READ, records=place) for place in range(4)], 3, instant(_LONG_AGO))
    assert check(lines) == []
    last = Witnessed(3, "0" * 64, "a receipt", at=_LONG_AGO)
    assert _found(check(lines, witnessed=[last])) == [(Fault.REWRITTEN, 3, 3)]
    two = [Witnessed(2, digest * 64, "a checkpoint") for digest in "ab"]
    assert _found(check(lines, witnessed=two)) == [(Fault.REWRITTEN, 2, 2)]
    assert check(lines, witnessed=two[:1]) == []
