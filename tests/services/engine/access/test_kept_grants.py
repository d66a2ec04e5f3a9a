"""Grants in a file as a node holds them: the last good one stays in force, an older, altered or missing one is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust import keys, signed
from schemas.trust.authority import Authority
from services.engine.access.kept_grants import KeptGrants

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def authority() -> keys.KeyPair:
    return keys.new_key()


@pytest.fixture
def file(tmp_path: Path, authority: keys.KeyPair) -> KeptGrants:
    trusted = Authority({authority.key_id: authority.public_hex})
    return KeptGrants(tmp_path / "grants.jws", trusted, "330200.workshop")


def _write(file: KeptGrants, authority: keys.KeyPair, number: int, days: int = 30) -> None:
    expires = (NOW + timedelta(days=days)).isoformat()
    document = {"number": number, "issued": NOW.isoformat(), "expires": expires, "grants": []}
    assert file.path is not None
    file.path.write_text(signed.sign(document, authority) + " " * number)


def test_a_missing_file_is_said_and_taken_up_when_it_comes(file: KeptGrants, authority: keys.KeyPair) -> None:
    file.refresh()
    assert file.why_not(NOW) == "FileNotFoundError"
    _write(file, authority, 1)
    file.refresh()
    assert (file.value.number, file.why_not(NOW)) == (1, None)


def test_an_older_document_is_not_put_back(file: KeptGrants, authority: keys.KeyPair) -> None:
    for number in (5, 4):
        _write(file, authority, number)
        file.refresh()
    assert (file.value.number, file.why_not(NOW)) == (5, "older")


def test_a_document_of_another_signer_changes_nothing(file: KeptGrants, authority: keys.KeyPair) -> None:
    _write(file, authority, 1)
    file.refresh()
    _write(file, keys.new_key(), 2)
    file.refresh()
    assert (file.value.number, file.why_not(NOW)) == (1, "unknown-key")


def test_an_expired_document_is_said(file: KeptGrants, authority: keys.KeyPair) -> None:
    _write(file, authority, 1, days=-1)
    file.refresh()
    assert file.why_not(NOW) == "expired"


def test_no_file_asked_for_is_no_fault(authority: keys.KeyPair) -> None:
    file = KeptGrants(None, Authority({}), "330200.workshop")
    file.refresh()
    assert file.why_not(NOW) is None
