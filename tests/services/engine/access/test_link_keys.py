"""A department's file of links' keys as its node holds it: what cannot be used leaves the good keys, and is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.trust.link_keys import LinkKeys, ends_of, new_link_key, write_link_keys
from services.engine.access.link_keys import KeptLinkKeys

_NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_ENDS = ends_of("trade.shops.owner_id", "roll.persons.id_number")
_KEY = new_link_key(_NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "links.keys"
    found.write_bytes(write_link_keys(LinkKeys({_ENDS: (_KEY,)})))
    return found


@pytest.fixture
def kept(path: Path) -> KeptLinkKeys:
    found = KeptLinkKeys(path, lambda: _NOW)
    assert found.held(_ENDS) == (_KEY,)
    return found


def test_a_file_that_was_away_and_is_back_as_it_was_is_no_longer_blamed(
    kept: KeptLinkKeys, path: Path
) -> None:
    away = path.rename(path.with_suffix(".away"))
    assert (kept.held(_ENDS), kept.why_not()) == ((_KEY,), "FileNotFoundError")
    away.rename(path)
    assert (kept.held(_ENDS), kept.why_not()) == ((_KEY,), None)


def test_a_file_that_is_none_leaves_the_keys_until_a_good_one_follows(kept: KeptLinkKeys, path: Path) -> None:
    path.write_bytes(b"{}")
    assert (kept.held(_ENDS), kept.why_not()) == ((_KEY,), "BadKey")
    other = new_link_key(_NOW)
    path.write_bytes(write_link_keys(LinkKeys({_ENDS: (_KEY, other)})))
    assert (kept.held(_ENDS), kept.why_not()) == ((_KEY, other), None)
