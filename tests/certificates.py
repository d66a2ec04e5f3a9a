"""An authority of one test run and the certificates that it gives; for `tests.apache_kafka` and suites of access."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.engine.relay.security import secured

_VALID = timedelta(days=2)


@dataclass(frozen=True)
class Identity:
    """The files by which somebody shows who it is, and whom it trusts; all PEM."""

    ca: Path
    certificate: Path
    key: Path

    @property
    def security(self) -> SSLContext:
        context = secured(self.ca, self.certificate, self.key)
        assert context is not None
        return context

    @property
    def settings(self) -> dict[str, Any]:
        """As a department's and an operator's settings name them."""
        return {
            "broker_ca_file": self.ca,
            "broker_certificate_file": self.certificate,
            "broker_key_file": self.key,
        }


class Vouching(Protocol):
    """Whoever gives certificates for names, good for both ends of a connection on loopback; `ca` is its own."""

    @property
    def ca(self) -> Path: ...

    def identity(self, name: str) -> Identity: ...


class Authority:
    """Vouches for names; its certificate is `ca`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._given = folder, 0
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(_pem(self._signed(self._name, self._key.public_key(), ca=True)))

    def identity(self, name: str) -> Identity:
        """A certificate for a name, good for both ends of a connection on loopback."""
        self._given += 1
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._folder / f"{self._given}.pem"
        certificate.write_bytes(_pem(self._signed(_named(name), key.public_key(), ca=False)))
        private = self._folder / f"{self._given}.key.pem"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Identity(self.ca, certificate, private)

    def _signed(self, name: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        mine = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _VALID)
            .not_valid_after(now + _VALID)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(mine), critical=False
            )
            .add_extension(_use(ca), critical=True)
        )
        if not ca:
            both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            loopback = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            built = built.add_extension(x509.ExtendedKeyUsage(both), critical=False)
            built = built.add_extension(loopback, critical=False)
        return built.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _use(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
