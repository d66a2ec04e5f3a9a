"""A file that is put in another's place: whole, with the rights that were asked for, and still its owner's."""

import os
from pathlib import Path

import pytest

from services.engine.access.putting import put

#: Root can give a file to somebody else; whoever else runs the tests has files of one owner alone.
_OWNER = (10_001, 10_002) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _owner(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid


def test_a_file_is_its_owners_alone_unless_it_is_to_be_shown(tmp_path: Path) -> None:
    for name, mode in (("kept", 0o600), ("shown", 0o644)):
        put(tmp_path / name, b"x", mode)
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
    put(tmp_path / "shown", b"y")
    assert (tmp_path / "shown").stat().st_mode & 0o777 == 0o600


def test_a_file_belongs_to_whom_the_one_before_belonged(tmp_path: Path) -> None:
    path = tmp_path / "node.key.pem"
    put(path, b"old")
    os.chown(path, *_OWNER)
    put(path, b"new")
    assert (path.read_bytes(), _owner(path)) == (b"new", _OWNER)


def test_a_new_file_belongs_to_whom_its_folder_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, *_OWNER)
    put(tmp_path / "links.json", b"new")
    assert _owner(tmp_path / "links.json") == _OWNER


def test_a_place_that_takes_no_file_keeps_what_it_had(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        put(tmp_path / "folder", b"x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
