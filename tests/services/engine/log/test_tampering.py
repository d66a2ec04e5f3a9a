"""What is done to the files of a log shows to whoever reads them beside receipts and checkpoints; also when a service
goes on with them afterwards, for it mends nothing in silence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.trust.chain import Fault, Finding, Witnessed
from schemas.trust.entries import Head
from services.engine.log.files import Segment, segments
from services.engine.log.verifying import Held, verify
from tests.services.engine.log.desk import NODE, NOON, acts, entry, store

_ENTRIES = 12


def _log(folder: Path) -> list[Head]:
    """A log of some small files, and where each of its entries stands."""
    log = store(folder, segment_bytes=500)
    heads = [log.write([entry(number)])[0] for number in range(_ENTRIES)]
    log.close()
    assert len(segments(folder)) > 3
    assert verify(folder, _held(heads)).findings == []
    return heads


def _held(heads: list[Head]) -> Held:
    """Receipts of all entries; their digests are not looked at here."""
    receipts = [Witnessed(one.number, one.hash, "a receipt", missing=Fault.NEVER_WRITTEN) for one in heads]
    return Held(NODE, receipts=receipts)


def _swap(one: list[Segment]) -> None:
    first, second = one[1].path.read_bytes(), one[2].path.read_bytes()
    one[1].path.write_bytes(second)
    one[2].path.write_bytes(first)


def _double(one: list[Segment]) -> None:
    shutil.copy(one[1].path, one[1].path.with_name("access-000000000999.jsonl"))


def _move(one: list[Segment]) -> None:
    one[1].path.rename(one[1].path.with_name("access-000000000999.jsonl"))


def _last_line(one: list[Segment]) -> None:
    content = one[-1].path.read_bytes()
    one[-1].path.write_bytes(content.replace(f'"records":{_ENTRIES - 1}'.encode(), b'"records":0'))


_WAYS: dict[str, tuple[Callable[[list[Segment]], object], Fault]] = {
    "a file that is gone": (lambda one: one[1].path.unlink(), Fault.REMOVED),
    "the last file gone": (lambda one: one[-1].path.unlink(), Fault.NEVER_WRITTEN),
    "a file that was emptied": (lambda one: one[1].path.write_bytes(b""), Fault.REMOVED),
    "a file under another name": (
        lambda one: one[1].path.rename(one[1].path.with_suffix(".old")),
        Fault.REMOVED,
    ),
    "two files exchanged": (_swap, Fault.REORDERED),
    "a file that comes again": (_double, Fault.INSERTED),
    "a file that comes late": (_move, Fault.REORDERED),
    "the last line altered": (_last_line, Fault.ALTERED),
    "the last line cut": (lambda one: one[-1].path.write_bytes(one[-1].path.read_bytes()[:-5]), Fault.TORN),
    "noise at the end": (lambda one: one[-1].path.write_bytes(one[-1].path.read_bytes() + b"x"), Fault.TORN),
    "noise in the middle": (
        lambda one: one[1].path.write_bytes(b"x\n" + one[1].path.read_bytes()),
        Fault.INSERTED,
    ),
}


def _findings(folder: Path, heads: list[Head]) -> list[Finding]:
    return list(verify(folder, _held(heads)).findings)


@pytest.mark.parametrize("way", _WAYS)
def test_what_is_done_to_files_is_found(way: str, tmp_path: Path) -> None:
    heads = _log(tmp_path)
    tamper, fault = _WAYS[way]
    tamper(segments(tmp_path))
    assert fault in {one.fault for one in _findings(tmp_path, heads)}


@pytest.mark.parametrize("way", [way for way in _WAYS if way != "noise at the end"])
def test_a_service_that_goes_on_hides_nothing_of_it(way: str, tmp_path: Path) -> None:
    heads = _log(tmp_path)
    _WAYS[way][0](segments(tmp_path))
    log = store(tmp_path)
    log.write([entry(99)])
    log.close()
    assert _findings(tmp_path, heads) != []


def test_noise_at_the_end_is_put_aside_and_told(tmp_path: Path) -> None:
    heads = _log(tmp_path)
    _WAYS["noise at the end"][0](segments(tmp_path))
    log = store(tmp_path)
    log.write([entry(99)])
    log.close()
    assert _findings(tmp_path, heads) == [], "no entry of anybody's was touched"
    assert acts(tmp_path)[-2:] == ["recovered", "read"]
    assert [path.read_text() for path in tmp_path.glob("torn-*")] == [f"{b'x'.hex()}\n"]


def test_a_folder_put_back_from_an_earlier_day_lacks_what_others_hold(tmp_path: Path) -> None:
    log = store(tmp_path / "log")
    heads = log.write([entry(number) for number in range(3)])
    log.close()
    shutil.copytree(tmp_path / "log", tmp_path / "earlier")
    log = store(tmp_path / "log")
    heads += log.write([entry(number, NOON) for number in range(3, 6)])
    log.close()
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "earlier").rename(tmp_path / "log")
    assert {one.fault for one in _findings(tmp_path / "log", heads)} == {Fault.NEVER_WRITTEN}
    log = store(tmp_path / "log")
    log.write([entry(9) for _ in range(5)])
    log.close()
    assert {one.fault for one in _findings(tmp_path / "log", heads)} == {Fault.REWRITTEN}
