"""A demo's folder: emptied only where a demo stood before, and held by one demo at a time."""

from pathlib import Path

import pytest

from services.cli.world.ground import emptied
from services.cli.world.processes import StartFailed


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path) -> None:
    with emptied(tmp_path / "demo") as folder:
        (folder / "taxation").mkdir()
        (folder / "taxation" / "records.sqlite").touch()
    with emptied(tmp_path / "demo") as folder:
        assert not (folder / "taxation").exists()


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(StartFailed, match="choose another"), emptied(tmp_path):
        pass
    assert (tmp_path / "letters.txt").exists()


def test_two_demos_never_share_a_folder(tmp_path: Path) -> None:
    with emptied(tmp_path) as folder:
        (folder / "taxation").mkdir()
        with pytest.raises(StartFailed, match="another demo runs"), emptied(tmp_path):
            pass
        assert (folder / "taxation").exists()
