"""The files that secure the way to a broker: what they lead to, and the sentence for each that cannot be used."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from services.client.profile import BadProfile, Profile
from services.engine.relay.security import BadSecurityFile, options, secured
from tests.certificates import Authority, Identity
from tests.services.cli.tool import run


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Authority(tmp_path_factory.mktemp("certificates")).identity("330203.workshop")


def test_without_any_file_the_way_is_plain_text() -> None:
    assert secured(None, None, None) is None
    assert options("b:9092", None) == {
        "bootstrap_servers": "b:9092",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_with_an_authority_the_brokers_certificate_and_address_are_checked(identity: Identity) -> None:
    context = secured(identity.ca, None, None)
    assert context is not None
    assert (context.now.verify_mode, context.now.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.now.get_ca_certs()) == 1
    assert options("b:9093", context)["security_protocol"] == "SSL"


def test_with_a_certificate_alone_the_machines_own_authorities_are_trusted(identity: Identity) -> None:
    context = secured(None, identity.certificate, identity.key)
    assert context is not None
    assert context.now.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_certificate_and_its_key_come_together(identity: Identity, missing: str) -> None:
    certificate = None if missing == "certificate" else identity.certificate
    key = None if missing == "key" else identity.key
    with pytest.raises(BadSecurityFile, match="come together"):
        secured(identity.ca, certificate, key)


def test_a_file_that_is_missing_or_no_pem_is_named_with_the_reason(
    identity: Identity, tmp_path: Path
) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for ca in (tmp_path / "lost.pem", nonsense, identity.key):
        with pytest.raises(BadSecurityFile, match=rf"{ca}: no authority's certificate .* \(.+\)"):
            secured(ca, None, None)
    with pytest.raises(BadSecurityFile, match="cannot be used as a certificate and its key"):
        secured(identity.ca, tmp_path / "lost.pem", identity.key)


def test_a_key_of_another_certificate_is_refused(identity: Identity, tmp_path: Path) -> None:
    other = Authority(tmp_path).identity("330203.workshop")
    with pytest.raises(BadSecurityFile, match=r"\(key values mismatch\)"):
        secured(identity.ca, identity.certificate, other.key)


def test_a_key_under_a_pass_phrase_is_refused_and_not_asked_for(identity: Identity, tmp_path: Path) -> None:
    private = serialization.load_pem_private_key(identity.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(BadSecurityFile, match="cannot be used"):
        secured(identity.ca, identity.certificate, locked)


def test_a_relay_whose_files_cannot_be_used_does_not_start_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").write_bytes(bytes(range(32)))
    ended = run(
        *("department", "relay", "credit"),
        environment={
            "LANGQIAO_KIND": "credit",
            "LANGQIAO_DIVISION": "330200",
            "LANGQIAO_DATABASE_URL": f"sqlite:///{tmp_path / 'records.sqlite'}",
            "LANGQIAO_PSEUDONYM_KEY_FILE": str(tmp_path / "pseudonym.key"),
            "LANGQIAO_BROKER_CA_FILE": str(tmp_path / "lost.pem"),
        },
    )
    assert ended.exit_code == 1
    assert ended.stderr.strip() == (
        f"{tmp_path / 'lost.pem'}: no authority's certificate can be read from it (No such file or directory)"
    )


def test_a_profile_names_its_files_beside_itself(identity: Identity) -> None:
    folder = identity.ca.parent
    profile = Profile("http://127.0.0.1:8000", broker_ca_file=identity.ca.name)
    profile.save(folder / "reader.json")
    assert Profile.load(folder / "reader.json").security() is not None
    assert Profile("http://127.0.0.1:8000").security() is None
    with pytest.raises(BadProfile, match=r"lost\.pem: no authority's certificate"):
        Profile("http://127.0.0.1:8000", broker_ca_file="lost.pem", folder=folder).security()
