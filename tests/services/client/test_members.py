"""The member registry as a caller has it: by a file that the authority signed, and never back to an older one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust import keys, signed
from services.client.members import BadRegistry, Members
from services.engine.access.putting import put
from tests.registered import line

_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_AUTHORITY = keys.new_key()
_KNOWN = {_AUTHORITY.key_id: _AUTHORITY.public_hex}


def _registry(number: int, *, by: keys.KeyPair = _AUTHORITY, days: int = 1) -> bytes:
    document = {
        "number": number,
        "issued": _NOW.isoformat(),
        "expires": (_NOW + timedelta(days=days)).isoformat(),
        "members": [line("330203.taxation/node", keys.new_key())],
    }
    return signed.sign(document, by).encode()


def test_a_newer_registry_counts_as_soon_as_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "registry.jws"
    put(path, _registry(1))
    members = Members(path, _KNOWN)
    assert members.at(_NOW).number == 1
    put(path, _registry(3))
    assert members.at(_NOW).number == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: _registry(1), "older"),
        (lambda: _registry(2), "contradicts"),
        (lambda: _registry(3, by=keys.new_key()), "unknown-key"),
        (lambda: b"nothing signed", "malformed"),
        (lambda: "登记".encode(), "malformed"),
        (lambda: _registry(3, days=-1), "has expired"),
        (None, "cannot be read"),
    ],
)
def test_what_cannot_be_relied_on_is_said_at_each_look(
    tmp_path: Path, content: Callable[[], bytes] | None, said: str
) -> None:
    path = tmp_path / "registry.jws"
    put(path, _registry(2))
    members = Members(path, _KNOWN)
    members.at(_NOW)
    if content is None:
        path.unlink()
    else:
        put(path, content())
    for _ in range(2):
        with pytest.raises(BadRegistry, match=f"registry.jws: .*{said}"):
            members.at(_NOW)
