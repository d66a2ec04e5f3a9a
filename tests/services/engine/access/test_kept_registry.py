"""The registry on a node's disk: a restart and a second process know what came; what is not good changes nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.trust import keys
from schemas.trust.holding import nothing
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem
from services.engine.access.kept_registry import KeptRegistry
from tests.schemas.trust.registries import DAY, NOW, handed, registry, trusting, word

_AUTHORITY, _NEXT = keys.new_key(), keys.new_key()
_PATIENCE = 7_200.0


def _opened(folder: Path, *, later: timedelta = timedelta(), file: Path | None = None) -> KeptRegistry:
    """As a process of the node finds it, some time after NOW."""
    held = nothing(trusting(_AUTHORITY))
    found = KeptRegistry(file, folder / "registry", _PATIENCE, lambda: NOW + later, held)
    found.refresh()
    return found


def test_a_restart_knows_the_newest_that_came_and_the_word_on_it(tmp_path: Path) -> None:
    first = _opened(tmp_path)
    for number in (3, 4):
        first.take(registry(number, _AUTHORITY))
    first.take(word(4, _AUTHORITY))
    again = _opened(tmp_path)
    assert (again.value.number, again.held.age_seconds(NOW)) == (4, 0)


def test_every_registry_that_came_stays_for_the_evidence_of_its_day(tmp_path: Path) -> None:
    one = _opened(tmp_path)
    for number in (3, 4):
        one.take(registry(number, _AUTHORITY))
    names = sorted(path.name for path in (tmp_path / "registry").iterdir())
    assert names == ["registry-000000000003.jws", "registry-000000000004.jws"]
    assert (tmp_path / "registry" / names[0]).read_text() == registry(3, _AUTHORITY)


def test_another_process_of_the_node_sees_what_came(tmp_path: Path) -> None:
    one, other = _opened(tmp_path), _opened(tmp_path)
    one.take(registry(3, _AUTHORITY))
    other.refresh()
    assert other.value.number == 3
    one.take(word(3, _AUTHORITY))
    other.refresh()
    assert other.held.age_seconds(NOW) == 0


def test_what_is_refused_is_told_and_leaves_no_trace_on_the_disk(tmp_path: Path) -> None:
    one = _opened(tmp_path)
    one.take(registry(3, _AUTHORITY))
    with pytest.raises(DocumentRefused, match="older"):
        one.take(registry(2, _AUTHORITY))
    assert one.facts(NOW)["refused"] == {"reason": "older", "seconds_ago": 0}
    assert len(list((tmp_path / "registry").iterdir())) == 1
    assert one.value.number == 3


def test_a_file_that_was_damaged_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    one = _opened(tmp_path)
    for number in (3, 4):
        one.take(registry(number, _AUTHORITY))
    newest = tmp_path / "registry" / "registry-000000000004.jws"
    newest.write_text(newest.read_text()[:-9])
    assert _opened(tmp_path).value.number == 3


def test_what_a_killed_process_left_half_written_is_not_read(tmp_path: Path) -> None:
    one = _opened(tmp_path)
    one.take(registry(3, _AUTHORITY))
    (tmp_path / "registry" / "registry-000000000009.jws.x1y2").write_text("half")
    assert _opened(tmp_path).value.number == 3


def test_a_folder_that_takes_nothing_keeps_what_is_in_force(tmp_path: Path) -> None:
    one = _opened(tmp_path)
    (tmp_path / "registry").write_text("no folder")
    with pytest.raises(OSError, match="registry"):
        one.take(registry(3, _AUTHORITY))
    assert one.value.number == 0


def test_of_the_persons_file_and_what_came_the_newer_is_in_force(tmp_path: Path) -> None:
    file = tmp_path / "registry.jws"
    file.write_text(registry(3, _AUTHORITY))
    one = _opened(tmp_path, file=file)
    assert one.value.number == 3
    one.take(registry(4, _AUTHORITY))
    again = _opened(tmp_path, file=file)
    assert (again.value.number, again.why_not(NOW)) == (4, "older")
    file.write_text(registry(5, _AUTHORITY) + " ")
    again.refresh()
    assert (again.value.number, again.why_not(NOW)) == (5, None)


def test_a_file_that_is_not_there_is_said_and_taken_up_when_it_comes(tmp_path: Path) -> None:
    one = _opened(tmp_path, file=tmp_path / "registry.jws")
    assert one.why_not(NOW) == "FileNotFoundError"
    (tmp_path / "registry.jws").write_text(registry(1, _AUTHORITY))
    one.refresh()
    assert (one.value.number, one.why_not(NOW)) == (1, None)


def test_a_restart_long_after_the_authoritys_key_handed_over_still_knows_what_either_signed(
    tmp_path: Path,
) -> None:
    handovers = [handed(_AUTHORITY, _NEXT, NOW + DAY)]
    one = _opened(tmp_path)
    one.take(registry(3, _AUTHORITY, authority=handovers))
    assert _opened(tmp_path, later=2 * DAY).value.number == 3
    one.take(registry(4, _NEXT, authority=handovers))
    assert _opened(tmp_path, later=2 * DAY).value.number == 4


def test_without_a_word_for_too_long_nothing_is_given_on_a_grant(tmp_path: Path) -> None:
    _opened(tmp_path).take(registry(3, _AUTHORITY))
    _opened(tmp_path, later=timedelta(minutes=59)).require_word()
    late = _opened(tmp_path, later=timedelta(minutes=61))
    with pytest.raises(Problem) as stale:
        late.require_word()
    assert (stale.value.code, stale.value.status) == ("registry-stale", 503)
    assert late.why_not(NOW + timedelta(minutes=61)) == "no word of the member registry for 7260 s"
    late.take(word(3, _AUTHORITY, NOW + timedelta(minutes=61)))
    late.require_word()


def test_a_node_that_never_had_a_registry_gives_nothing_on_a_grant(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="registry-stale"):
        _opened(tmp_path).require_word()
