"""The own key of a service and of a gateway, one suite for both twins: taken up when its file changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from gateway import own_key as of_gateway
from schemas.trust import keys
from schemas.trust.keys import BadKey
from schemas.trust.ring import KeyRing, read_ring, write_ring
from services.engine import own_key as of_service
from services.engine.access.putting import put

_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(params=[of_service, of_gateway], ids=["service", "gateway"])
def own(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def _alone(key: keys.KeyPair) -> KeyRing:
    return read_ring(keys.write_private(key))


def test_a_key_that_follows_signs_from_its_moment_on_without_a_restart(
    own: ModuleType, tmp_path: Path
) -> None:
    path, now = tmp_path / "node.key.pem", [_START]
    old, new = keys.new_key(), keys.new_key()
    put(path, keys.write_private(old))
    opened = own.open_key(path, lambda: now[0])
    begins = _START + timedelta(minutes=1)
    put(path, write_ring(_alone(old).followed(new, begins, _START).keys))
    assert opened.now().key_id == old.key_id
    now[0] = begins
    assert opened.now().key_id == new.key_id


@pytest.mark.parametrize("spoilt", [b"", b"nonsense", None])
def test_a_file_that_cannot_be_used_leaves_the_key_that_was_good(
    own: ModuleType, tmp_path: Path, spoilt: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    path, old = tmp_path / "node.key.pem", keys.new_key()
    put(path, keys.write_private(old))
    opened = own.open_key(path, lambda: _START)
    if spoilt is None:
        path.unlink()
    else:
        put(path, spoilt)
    assert {opened.now().key_id for _ in range(3)} == {old.key_id}
    assert len(caplog.records) == 1
    new = keys.new_key()
    put(path, keys.write_private(new))
    assert opened.now().key_id == new.key_id


def test_a_file_that_was_away_and_is_back_as_it_was_is_taken(
    own: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is put there first, and made readable then."""
    path, new = tmp_path / "node.key.pem", keys.new_key()
    put(path, keys.write_private(keys.new_key()))
    opened = own.open_key(path, lambda: _START)
    put(path, keys.write_private(new))
    with monkeypatch.context() as shut:
        shut.setattr(Path, "read_bytes", _shut)
        assert opened.now().key_id != new.key_id
    assert opened.now().key_id == new.key_id


def _shut(path: Path) -> bytes:
    raise PermissionError(f"{path.name} is not ours to read")


def test_a_file_that_is_none_stops_the_start(own: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "node.key.pem"
    with pytest.raises(OSError, match="No such file"):
        own.open_key(path, lambda: _START)
    path.write_bytes(b"nonsense")
    with pytest.raises(BadKey):
        own.open_key(path, lambda: _START)
