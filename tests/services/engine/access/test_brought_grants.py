"""Grants that are brought: in force at once, on the disk, and known to a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust import grants, keys, signed
from schemas.trust.authority import Authority
from schemas.trust.grants import Grants
from schemas.trust.signed import DocumentRefused
from services.engine.access.trusted import SignedFile

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_KEY = keys.new_key()


def _file(folder: Path) -> SignedFile[Grants]:
    trusted = Authority({_KEY.key_id: _KEY.public_hex})
    return SignedFile(folder / "grants" / "node.jws", trusted, grants.from_document, Grants())


def _text(number: int, key: keys.KeyPair = _KEY) -> str:
    expires = (_NOW + timedelta(hours=1)).isoformat()
    return signed.sign({"number": number, "issued": _NOW.isoformat(), "expires": expires, "grants": []}, key)


def test_what_is_brought_is_in_force_at_once_and_after_a_restart(tmp_path: Path) -> None:
    file = _file(tmp_path)
    file.refresh()
    file.bring(_text(7))
    assert (file.value.number, file.why_not(_NOW)) == (7, None)
    after = _file(tmp_path)
    after.refresh()
    assert after.value.number == 7


@pytest.mark.parametrize(
    ("text", "reason"),
    [(_text(6), "older"), (_text(9, keys.new_key()), "unknown-key"), ("no document", "malformed")],
    ids=["older", "of another signer", "no document"],
)
def test_what_is_no_better_changes_nothing(tmp_path: Path, text: str, reason: str) -> None:
    file = _file(tmp_path)
    file.bring(_text(7))
    with pytest.raises(DocumentRefused) as refused:
        file.bring(text)
    assert refused.value.reason == reason
    file.refresh()
    assert (file.value.number, file.why_not(_NOW)) == (7, None)


def test_a_revocation_holds_though_the_disk_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "grants").write_text("a file stands where the folder should be")
    file = _file(tmp_path)
    with pytest.raises(OSError, match=r"exists|Not a directory"):
        file.bring(_text(7))
    assert file.value.number == 7
