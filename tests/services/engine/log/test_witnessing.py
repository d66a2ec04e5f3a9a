"""What a node holds of others: each checkpoint countersigned, and none that contradicts an earlier one."""

from dataclasses import replace
from pathlib import Path

import pytest

from schemas.trust import signed
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import read_checkpoint, read_countersigned
from schemas.trust.suites import ED25519
from services.engine.log.witnessing import Contradiction
from tests.services.engine.log.desk import NODE, full_disk
from tests.services.engine.log.witnesses import OTHERS, Nodes
from tests.suites import by_each_suite


@pytest.fixture
def nodes(request: pytest.FixtureRequest) -> Nodes:
    return Nodes(getattr(request, "param", ED25519))


_by_each_suite = by_each_suite("nodes")


@_by_each_suite
def test_a_checkpoint_is_held_and_countersigned_and_again_when_it_comes_again(
    nodes: Nodes, tmp_path: Path
) -> None:
    witness = nodes.witness(tmp_path)
    for text in (nodes.signed(3), nodes.signed(3), nodes.signed(9, "b", minute=1)):
        word = read_countersigned(witness.hold(text, nodes.registry), nodes.registry)
        assert word.checkpoint == read_checkpoint(text, nodes.registry)
        assert word.witness == OTHERS[0]
    held = (witness.folder / f"{NODE}.jws").read_text().splitlines()
    assert [read_checkpoint(one, nodes.registry).number for one in held] == [3, 9]
    assert witness.alarms == []


@_by_each_suite
@pytest.mark.parametrize(
    ("number", "digest", "minute"),
    [(9, "c", 5), (9, "c", -5), (3, "a", 5), (1, "a", 2)],
    ids=["same number", "same number, dated back", "lower number", "from the start"],
)
def test_what_contradicts_an_earlier_checkpoint_is_refused_and_kept_as_evidence(
    nodes: Nodes, tmp_path: Path, number: int, digest: str, minute: int
) -> None:
    right = nodes.signed(9, "b", minute=1)
    nodes.witness(tmp_path).hold(right, nodes.registry)
    # Another process: it knows what stands on the disk.
    witness = nodes.witness(tmp_path)
    wrong = nodes.signed(number, digest, minute=minute)
    with pytest.raises(Contradiction) as told:
        witness.hold(wrong, nodes.registry)
    assert told.value.known == 9
    assert witness.alarms == [NODE]
    assert (witness.folder / f"{NODE}.contradictions.jws").read_text().splitlines() == [wrong]
    assert (witness.folder / f"{NODE}.jws").read_text().splitlines() == [right]


def test_one_that_is_dated_ahead_is_refused_so_that_nothing_after_it_looks_late(
    nodes: Nodes, tmp_path: Path
) -> None:
    witness = nodes.witness(tmp_path)
    with pytest.raises(DocumentRefused, match="not-yet-valid"):
        witness.hold(nodes.signed(100, minute=62), nodes.registry)
    witness.hold(nodes.signed(9), nodes.registry)
    with pytest.raises(Contradiction):
        witness.hold(nodes.signed(5, minute=2), nodes.registry)
    assert witness.alarms == [NODE]


def test_one_that_comes_late_is_refused_without_an_alarm(nodes: Nodes, tmp_path: Path) -> None:
    witness = nodes.witness(tmp_path)
    witness.hold(nodes.signed(9, minute=2), nodes.registry)
    with pytest.raises(Contradiction):
        witness.hold(nodes.signed(7, minute=1), nodes.registry)
    assert witness.alarms == []


def test_nodes_are_held_apart(nodes: Nodes, tmp_path: Path) -> None:
    witness = nodes.witness(tmp_path)
    witness.hold(nodes.signed(9), nodes.registry)
    assert witness.hold(nodes.signed(1, node=OTHERS[1]), nodes.registry)
    assert witness.alarms == []


@_by_each_suite
def test_who_is_not_the_node_itself_is_refused(nodes: Nodes, tmp_path: Path) -> None:
    witness, right = nodes.witness(tmp_path), nodes.signed(1)
    said = signed.read(right, {nodes.keys[NODE].key_id: nodes.keys[NODE].public_hex})
    stranger = Nodes(nodes.suite)
    said_outside = {"checkpoint": {**said["checkpoint"], "node": "../outside"}}
    said_short = {"checkpoint": {**said["checkpoint"], "hash": "abc"}}
    for wrong in (
        signed.sign(said, nodes.keys[OTHERS[1]]),
        signed.sign(said, stranger.keys[NODE]),
        signed.sign(said["checkpoint"], nodes.keys[NODE]),
        signed.sign(said_outside, nodes.keys[NODE]),
        signed.sign(said_short, nodes.keys[NODE]),
        nodes.signed(1, node=OTHERS[0]),
        right[:-4] + "AAAA",
        "",
    ):
        with pytest.raises(DocumentRefused):
            witness.hold(wrong, nodes.registry)
    assert not witness.folder.exists()


def test_what_cannot_be_kept_is_not_countersigned(nodes: Nodes, tmp_path: Path) -> None:
    witness = nodes.witness(tmp_path)
    with full_disk(100), pytest.raises(OSError, match="File too large"):
        witness.hold(nodes.signed(1), nodes.registry)
    word = read_countersigned(witness.hold(nodes.signed(2, minute=1), nodes.registry), nodes.registry)
    assert word.checkpoint.number == 2
    assert replace(nodes.witness(tmp_path)).hold(nodes.signed(2, minute=1), nodes.registry)
