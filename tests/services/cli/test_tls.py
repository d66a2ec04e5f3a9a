"""`langqiao keys tls`: an authority, the certificates that it gives, and how both are followed by others."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.services.cli.tool import run

_NAME = "330200.credit"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    folder = tmp_path / "authority"
    assert run("keys", "tls", "authority", "--out", str(folder)).exit_code == 0
    return folder


def _issued(authority: Path, out: Path, *further: str) -> Path:
    ended = run(
        *("keys", "tls", "issue", "--authority", str(authority), "--name", _NAME),
        *("--out", str(out), *further),
    )
    assert ended.exit_code == 0, ended.output
    return out / f"{_NAME}.tls.pem"


def _read(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def _uses(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_a_certificate_bears_its_hosts_is_good_for_a_quarter_and_serves_both_ends(
    authority: Path, tmp_path: Path
) -> None:
    file = _issued(authority, tmp_path / "out", "--host", "credit.example", "--host", "127.0.0.1")
    [found] = _read(file)
    assert found.subject.rfc4514_string() == f"CN={_NAME}"
    named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one.value) for one in named] == ["credit.example", "127.0.0.1"]
    left = found.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    assert _uses(found) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert (tmp_path / "out" / "ca.pem").read_bytes() == (authority / "ca.pem").read_bytes()


def test_a_certificate_without_hosts_can_answer_nobody(authority: Path, tmp_path: Path) -> None:
    [found] = _read(_issued(authority, tmp_path))
    assert _uses(found) == {ExtendedKeyUsageOID.CLIENT_AUTH}


def test_private_keys_are_their_owners_alone(authority: Path, tmp_path: Path) -> None:
    for private in (authority / "ca.key.pem", _issued(authority, tmp_path)):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_what_is_renewed_keeps_name_and_hosts_and_gets_another_key(authority: Path, tmp_path: Path) -> None:
    file = _issued(authority, tmp_path, "--host", "127.0.0.1", "--days", "20")
    [before] = _read(file)
    assert run("keys", "tls", "renew", str(file), "--authority", str(authority)).exit_code == 0
    [after] = _read(file)
    assert after.subject == before.subject
    kinds = (x509.SubjectAlternativeName, x509.ExtendedKeyUsage)
    for kind in kinds:
        assert after.extensions.get_extension_for_class(kind) == before.extensions.get_extension_for_class(
            kind
        )
    assert after.public_key() != before.public_key()
    assert after.not_valid_after_utc > before.not_valid_after_utc


def test_what_does_not_end_soon_can_be_left_alone(authority: Path, tmp_path: Path) -> None:
    file = _issued(authority, tmp_path, "--days", "20")
    before = file.read_bytes()
    again = ("keys", "tls", "renew", str(file), "--authority", str(authority), "--within")
    assert run(*again, "10").exit_code == 0
    assert file.read_bytes() == before
    assert run(*again, "30").exit_code == 0
    assert file.read_bytes() != before


def test_an_authority_is_followed_by_one_that_those_who_know_the_first_alone_trust_too(
    authority: Path, tmp_path: Path
) -> None:
    known = (authority / "ca.pem").read_bytes()
    assert run("keys", "tls", "authority", "--out", str(authority), "--renew").exit_code == 0
    leaf, bridging = _read(_issued(authority, tmp_path, "--host", "127.0.0.1"))
    [first] = x509.load_pem_x509_certificates(known)
    bridging.verify_directly_issued_by(first)
    leaf.verify_directly_issued_by(bridging)
    newest, earlier = _read(authority / "ca.pem")
    assert earlier == first
    leaf.verify_directly_issued_by(newest)
    ssl.create_default_context(cadata=known.decode())


def test_an_authority_whose_renewal_ended_early_is_the_one_before(authority: Path, tmp_path: Path) -> None:
    key = (authority / "ca.key.pem").read_bytes()
    [first] = _read(authority / "ca.pem")
    assert run("keys", "tls", "authority", "--out", str(authority), "--renew").exit_code == 0
    (authority / "ca.key.pem").write_bytes(key)
    [leaf] = _read(_issued(authority, tmp_path))
    leaf.verify_directly_issued_by(first)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("authority", "--out", "{authority}"), "--renew lets another follow it"),
        (("authority", "--out", "{empty}", "--renew"), "there is none yet"),
        (("issue", "--authority", "{empty}", "--name", "n", "--out", "{empty}"), "holds no authority"),
        (
            ("issue", "--authority", "{authority}", "--name", "n", "--out", "{empty}", "--host", "no host"),
            "is no host name",
        ),
        (("issue", "--authority", "{authority}", "--name", "n" * 65, "--out", "{empty}"), "64 characters"),
        (("renew", "{authority}/ca.key.pem", "--authority", "{authority}"), "no certificate in PEM"),
    ],
)
def test_what_cannot_be_made_is_said(
    authority: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    filled = [one.format(authority=authority, empty=empty) for one in arguments]
    ended = run("keys", "tls", *filled)
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())


def test_a_certificate_is_never_overwritten_by_a_new_one(authority: Path, tmp_path: Path) -> None:
    before = _issued(authority, tmp_path).read_bytes()
    again = run(
        "keys", "tls", "issue", "--authority", str(authority), "--name", _NAME, "--out", str(tmp_path)
    )
    assert again.exit_code == 2
    assert (tmp_path / f"{_NAME}.tls.pem").read_bytes() == before
