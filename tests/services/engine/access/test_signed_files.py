"""Signed files as a node holds them: the last good one stays in force, an older, altered or missing one is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust import grants, keys, signed
from schemas.trust.authority import Authority
from schemas.trust.grants import Grants
from services.engine.access.trusted import SignedFile

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def authority() -> keys.KeyPair:
    return keys.new_key()


@pytest.fixture
def file(tmp_path: Path, authority: keys.KeyPair) -> SignedFile[Grants]:
    trusted = Authority({authority.key_id: authority.public_hex})
    return SignedFile(tmp_path / "grants.jws", trusted, grants.from_document, Grants())


def _write(file: SignedFile[Grants], authority: keys.KeyPair, number: int, days: int = 30) -> None:
    expires = (NOW + timedelta(days=days)).isoformat()
    document = {"number": number, "issued": NOW.isoformat(), "expires": expires, "grants": []}
    assert file.path is not None
    file.path.write_text(signed.sign(document, authority) + " " * number)


def test_a_missing_file_is_said_and_taken_up_when_it_comes(
    file: SignedFile[Grants], authority: keys.KeyPair
) -> None:
    file.refresh()
    assert file.why_not(NOW) == "FileNotFoundError"
    _write(file, authority, 1)
    file.refresh()
    assert (file.value.number, file.why_not(NOW)) == (1, None)


def test_an_older_document_is_not_put_back(file: SignedFile[Grants], authority: keys.KeyPair) -> None:
    for number in (5, 4):
        _write(file, authority, number)
        file.refresh()
    assert (file.value.number, file.why_not(NOW)) == (5, "older")


def test_a_document_of_another_signer_changes_nothing(
    file: SignedFile[Grants], authority: keys.KeyPair
) -> None:
    _write(file, authority, 1)
    file.refresh()
    _write(file, keys.new_key(), 2)
    file.refresh()
    assert (file.value.number, file.why_not(NOW)) == (1, "unknown-key")


def test_an_expired_document_is_said(file: SignedFile[Grants], authority: keys.KeyPair) -> None:
    _write(file, authority, 1, days=-1)
    file.refresh()
    assert file.why_not(NOW) == "expired"


def test_no_file_asked_for_is_no_fault(authority: keys.KeyPair) -> None:
    file = SignedFile(None, Authority({}), grants.from_document, Grants())
    file.refresh()
    assert file.why_not(NOW) is None
