"""`langqiao log verify` beside what others hold: a log that was emptied, renamed, pruned early or entered
otherwise does not pass."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from schemas.trust import signed
from schemas.trust.entries import Act, Entry, Head, read, write
from schemas.trust.receipts import Receipt, Signer
from schemas.trust.statements import Checkpoint, Countersigned, countersign
from services.engine.log.store import Store
from tests.services.cli.kept_log import NODE, OTHER, SALT, Kept, entry, keep, lines, receipt_of, write_as_one


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return keep(tmp_path)


def _emptied(kept: Kept) -> None:
    shutil.rmtree(kept.log)
    kept.log.mkdir()


def _renamed(kept: Kept) -> None:
    """Written anew as a whole, as another node's."""
    shutil.rmtree(kept.log)
    now = datetime.now(UTC)
    anew = Store(kept.log, OTHER, lambda: now)
    anew.write([replace(entry(now, place), node=OTHER) for place in range(6)])
    anew.close()


def _renamed_at_first(kept: Kept) -> None:
    """Only the first entry of a log that was written anew names another node."""
    shutil.rmtree(kept.log)
    now = datetime.now(UTC)
    anew = Store(kept.log, OTHER, lambda: now)
    anew.write([entry(now, place) for place in range(6)])
    anew.close()


@pytest.mark.parametrize("deed", [_emptied, _renamed, _renamed_at_first])
def test_a_log_that_was_emptied_or_renamed_does_not_pass(kept: Kept, deed: Callable[[Kept], None]) -> None:
    deed(kept)
    for found in (kept.held(), kept.held("--node", NODE)):
        assert found.exit_code == 1, found.output
        assert "held against 2 checkpoints and 6 receipts" in found.output.replace("\n", " ")


def test_an_empty_folder_is_no_whole_log(kept: Kept) -> None:
    _emptied(kept)
    found = kept.verify("--json")
    assert found.exit_code == 1
    assert [(one["fault"], one["entry"]) for one in map(orjson.loads, found.output.splitlines())] == [
        ("removed", 1)
    ]


def test_a_log_of_two_nodes_is_none(kept: Kept) -> None:
    _renamed_at_first(kept)
    found = [orjson.loads(line) for line in kept.verify("--json").output.splitlines()]
    assert [(one["fault"], one["entry"], one["to"]) for one in found] == [("altered", 2, 7)]
    other = [orjson.loads(line) for line in kept.verify("--json", "--node", NODE).output.splitlines()]
    assert [(one["fault"], one["entry"], one["to"]) for one in other] == [("altered", 1, 1)]


def test_files_that_hold_nothing_of_the_log_are_a_fault(kept: Kept) -> None:
    found = kept.held("--node", OTHER)
    assert found.exit_code == 1
    assert found.output.count("not-held") == 2
    (kept.folder / "receipts").write_text("a.b.c")
    assert kept.held().exit_code == 1, "what nobody signed holds nothing"


def test_files_of_several_logs_need_to_be_told_which_is_meant(kept: Kept) -> None:
    said = Receipt(OTHER, 1, "a" * 64, "b" * 64, "c" * 64, SALT.hex(), datetime.now(UTC))
    with (kept.folder / "receipts").open("a") as file:
        file.write("\n" + Signer(kept.other).sign(said))
    asked = kept.held()
    assert asked.exit_code == 2
    assert f"{NODE}, {OTHER}" in asked.output
    told = kept.held("--node", NODE)
    assert told.exit_code == 0, told.output
    assert f"not looked at: what is held of the logs of {OTHER}" in told.output


def _pruned(kept: Kept, cut: int, told_at: datetime, at: datetime) -> None:
    """The first entries are gone, and an entry tells of it with these times."""
    left = [one.removesuffix(b"\n") for one in lines(kept.log)]
    told = {"first": 1, "last": cut, "hash": read(left[cut - 1]).hash, "at": told_at.isoformat()}
    more, _ = write(Entry(at, NODE, Act.PRUNED, told={"segments": [told]}), read(left[-1]).head)
    write_as_one(kept.log, [*(line + b"\n" for line in left[cut:]), more])


def test_an_early_deletion_shows_by_receipts_alone_whatever_the_log_says_of_it(kept: Kept) -> None:
    now = datetime.now(UTC)
    receipts = ("--receipts", str(kept.folder / "receipts"))
    _pruned(kept, 5, now - timedelta(days=1_200), now)
    assert kept.verify().exit_code == 0, "by itself it tells what could be true"
    found = kept.by(*receipts, "--json")
    assert [(one["fault"], one["entry"]) for one in map(orjson.loads, found.output.splitlines())] == [
        ("pruned-early", 5)
    ]


def test_a_deletion_that_is_dated_ahead_was_no_later(kept: Kept) -> None:
    now = datetime.now(UTC)
    _pruned(kept, 5, now, now + timedelta(days=1_200))
    found = kept.verify("--json")
    assert found.exit_code == 1
    assert '"pruned-early"' in found.output


def test_a_receipt_that_names_another_caller_than_the_entry_is_found(kept: Kept) -> None:
    head, one = read(lines(kept.log)[2].removesuffix(b"\n")).head, entry(kept.now, 1)
    other = replace(receipt_of(one, head), member="330203.taxation")
    (kept.folder / "receipts").write_text(Signer(kept.node).sign(other))
    found = kept.by("--receipts", str(kept.folder / "receipts"))
    assert found.exit_code == 1
    assert "another member" in found.output.replace("\n", " ")


def test_what_a_key_signed_that_was_taken_away_before_proves_nothing(kept: Kept) -> None:
    later = {"number": 2, "issued": (kept.now + timedelta(hours=1)).isoformat()}
    later |= {"expires": (kept.now + timedelta(days=1)).isoformat(), "members": []}
    (kept.folder / "later.jws").write_text(signed.sign(later, kept.authority))
    for options in (("later.jws", "registry.jws"), ("registry.jws", "later.jws")):
        named = [word for one in options for word in ("--registry", str(kept.folder / one))]
        held = kept.verify(*named, *kept.trusted, "--receipts", str(kept.folder / "receipts"))
        assert held.exit_code == 0, held.output
    forged = replace(receipt_of(entry(kept.now, 1), Head(3, "a" * 64)), at=kept.now + timedelta(hours=2))
    with (kept.folder / "receipts").open("a") as file:
        file.write("\n" + Signer(kept.node).sign(forged))
    found = kept.verify(*named, *kept.trusted, "--receipts", str(kept.folder / "receipts"))
    assert found.exit_code == 0, found.output
    assert "proves nothing: receipts:7: unknown-key" in found.output


def test_what_a_witness_says_alone_is_told_as_his_word(kept: Kept) -> None:
    for digest, fault in ((read(lines(kept.log)[2].removesuffix(b"\n")).hash, 0), ("a" * 64, 1)):
        word = Countersigned(Checkpoint(NODE, 3, digest, kept.now), OTHER, kept.now)
        (kept.folder / "word").write_text(countersign(word, kept.other))
        found = kept.by("--checkpoints", str(kept.folder / "word"), "--json")
        assert found.exit_code == fault
        told = [orjson.loads(line)["detail"] for line in found.output.splitlines()]
        assert told == [f"the word of {OTHER}, word:1, holds another hash"] * fault
