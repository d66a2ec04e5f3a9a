"""`langqiao keys link`: what it leaves in the files of the departments at a link's ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.trust.link_keys import LinkKeys, ends_of, new_link_key, read_link_keys, seals, write_link_keys
from tests.services.cli.tool import run

_ONE, _OTHER = "trade.shops.owner_id", "roll.persons.id_number"
_ENDS = ends_of(_ONE, _OTHER)


def _linked(*arguments: str) -> dict[str, Any]:
    ended = run("keys", "link", *arguments)
    assert ended.exit_code == 0, ended.output
    said: dict[str, Any] = orjson.loads(ended.stdout)
    return said


def _into(*paths: Path) -> tuple[str, ...]:
    return tuple(word for path in paths for word in ("--into", str(path)))


def _ids(path: Path) -> list[str]:
    return [one.key_id for one in read_link_keys(path.read_bytes()).of[_ENDS]]


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "trade.json", tmp_path / "roll.json"


def test_the_first_key_is_in_both_files_and_seals_at_once(both: tuple[Path, Path]) -> None:
    said = _linked(_ONE, _OTHER, *_into(*both))
    assert both[0].read_bytes() == both[1].read_bytes()
    assert [path.stat().st_mode & 0o777 for path in both] == [0o600] * 2
    assert said["seals"] == said["follows"] == _ids(both[0])[0]
    (key,) = read_link_keys(both[0].read_bytes()).of[_ENDS]
    assert key.begins <= datetime.now(UTC)
    assert key.secret.hex() not in str(said)


def test_another_follows_whichever_end_is_named_first(both: tuple[Path, Path]) -> None:
    first = _linked(_ONE, _OTHER, *_into(*both))["seals"]
    said = _linked(_OTHER, _ONE, *_into(*both), "--lead", "300", "--overlap", "2")
    assert (said["seals"], _ids(both[0])) == (first, [first, said["follows"]])
    keys = read_link_keys(both[1].read_bytes())
    begins = datetime.fromisoformat(said["begins"])
    assert timedelta(minutes=4) < begins - datetime.now(UTC) <= timedelta(minutes=5)
    assert [one.until for one in keys.of[_ENDS]] == [begins + timedelta(hours=2), None]
    assert seals(keys.held(_ENDS, begins), begins).key_id == said["follows"]
    assert [one.key_id for one in keys.held(_ENDS, begins + timedelta(hours=2))] == [said["follows"]]


def test_what_has_ended_is_left_out_and_other_links_stay(both: tuple[Path, Path]) -> None:
    now, other = datetime.now(UTC), ends_of("a.b.c", "d.e.f")
    ended = LinkKeys().followed(_ENDS, new_link_key(now - timedelta(days=9)), now, now)
    ended = ended.followed(_ENDS, new_link_key(now - timedelta(days=8)), now - timedelta(days=7), now)
    kept = {**ended.of, other: (new_link_key(now),)}
    both[0].write_bytes(write_link_keys(LinkKeys(kept)))
    said = _linked(_ONE, _OTHER, *_into(*both))
    assert _ids(both[0]) == _ids(both[1]) == [said["seals"], said["follows"]]
    assert other in read_link_keys(both[0].read_bytes()).of
    assert other not in read_link_keys(both[1].read_bytes()).of, "it is no department of that link"


def test_a_third_department_comes_to_hold_all_that_the_others_hold(
    both: tuple[Path, Path], tmp_path: Path
) -> None:
    _linked(_ONE, _OTHER, *_into(*both))
    third = tmp_path / "west.json"
    said = _linked(_ONE, _OTHER, *_into(*both, third))
    assert _ids(third) == _ids(both[0]) == [said["seals"], said["follows"]]


def test_a_key_is_brought_from_the_file_of_the_other_department(both: tuple[Path, Path]) -> None:
    made = _linked(_ONE, _OTHER, *_into(both[0]))
    brought = _linked(_ONE, _OTHER, *_into(both[1]), "--from", str(both[0]))
    assert brought == made
    assert both[0].read_bytes() == both[1].read_bytes()


_WRONG: dict[str, tuple[str, ...]] = {
    "an end without a kind": ("shops.owner_id", _OTHER, "--into", "a.json"),
    "no file": (_ONE, _OTHER),
    "a file that is none": (_ONE, _OTHER, "--into", "spoilt.json"),
    "a file without the link": (_ONE, _OTHER, "--into", "a.json", "--from", "empty.json"),
}


@pytest.mark.parametrize("how", _WRONG)
def test_a_wrong_use_leaves_no_file(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spoilt.json").write_text("{}")
    Path("empty.json").write_bytes(write_link_keys(LinkKeys()))
    assert run("keys", "link", *_WRONG[how]).exit_code == 2
    assert not Path("a.json").exists()
    assert Path("spoilt.json").read_text() == "{}"
