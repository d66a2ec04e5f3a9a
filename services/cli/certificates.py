"""Certificates for TLS: an authority, its successor, and what they vouch for; made for `keys tls`, which keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from re import ASCII, fullmatch

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: A certificate begins a little early, for no two clocks agree.
_EARLY = timedelta(hours=1)
#: Root, its successor that it vouched for, and no authority below that.
_DEPTH = 1
_HOST = r"(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"


class BadCertificate(ValueError):
    """These files or names are of no use for a certificate; says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Vouches for processes. `bridging` is its own certificate as the authority before it signed it, None: it is the
    first. Who trusts the one before trusts with it what this one vouches for."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    bridging: x509.Certificate | None = None


def first(name: str, now: datetime, lifetime: timedelta) -> Authority:
    """An authority that nobody stands behind."""
    key = _new_key()
    certificate = _authority(_named(name), key, _named(name), key, now, now + lifetime)
    return Authority(certificate, key)


def successor(before: Authority, now: datetime, lifetime: timedelta) -> Authority:
    """A new key for the same name, for which the one before vouches as long as it stands."""
    name, key = before.certificate.subject, _new_key()
    until = min(now + lifetime, before.certificate.not_valid_after_utc)
    return Authority(
        _authority(name, key, name, key, now, now + lifetime),
        key,
        _authority(name, key, name, before.key, now, until),
    )


def read_authority(certificates: bytes, key: bytes, bridging: bytes | None) -> Authority:
    """An authority from PEM: whichever of the certificates is the key's. Raises BadCertificate."""
    private = _read_key(key)
    found = [one for one in _read_all(certificates) if one.public_key() == private.public_key()]
    if not found:
        raise BadCertificate("the authority's key is that of none of its certificates")
    before = None if bridging is None else _read(bridging)
    if before is not None and before.public_key() != private.public_key():
        before = None
    return Authority(found[0], private, before)


def issue(authority: Authority, name: str, hosts: Iterable[str], now: datetime, lifetime: timedelta) -> bytes:
    """A new private key, its certificate, and the chain, as one PEM: one file, so that all change at once.

    `hosts` are DNS names and addresses by which others call the process; without any, it only calls. Never longer than
    the authority itself. Raises BadCertificate.
    """
    names = [_host(one) for one in hosts]
    key, until = _new_key(), min(now + lifetime, authority.certificate.not_valid_after_utc)
    if until <= now:
        raise BadCertificate("the authority has expired: renew it first")
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])]
    built = _builder(_named(name), key, authority.certificate.subject, authority.key, now, until)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_use(signs=False), critical=True)
    built = built.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    chain = [built.sign(authority.key, hashes.SHA256())]
    if authority.bridging is not None and authority.bridging.not_valid_after_utc > now:
        chain.append(authority.bridging)
    return write_key(key) + b"".join(map(write, chain))


def renew(authority: Authority, pem: bytes, now: datetime, lifetime: timedelta) -> bytes:
    """The same for the name and the hosts of a certificate that stands. Raises BadCertificate."""
    old = _read(pem)
    names = old.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise BadCertificate("the certificate bears no name")
    try:
        named = old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        named = x509.SubjectAlternativeName([])
    return issue(authority, str(names[0].value), [str(one.value) for one in named], now, lifetime)


def ends(pem: bytes) -> datetime:
    """When the first certificate of a file ends. Raises BadCertificate."""
    return _read(pem).not_valid_after_utc


def still_good(pem: bytes, now: datetime) -> bytes:
    """Those certificates of a file that have not ended, as they stand there."""
    return b"".join(write(one) for one in _read_all(pem) if one.not_valid_after_utc > now)


def write(certificate: x509.Certificate) -> bytes:
    """As PEM."""
    return certificate.public_bytes(Encoding.PEM)


def write_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """As PKCS 8 PEM, not encrypted: the file's rights protect it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _authority(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.Certificate:
    built = _builder(name, key, by, signer, now, until)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=_DEPTH), critical=True)
    return built.add_extension(_use(signs=True), critical=True).sign(signer, hashes.SHA256())


def _builder(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    vouching = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(vouching), critical=False
        )
    )


def _use(*, signs: bool) -> x509.KeyUsage:
    """An authority signs certificates, a process its handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> ec.EllipticCurvePrivateKey:
    # Every TLS library takes P-256; not every one takes Ed25519.
    return ec.generate_private_key(ec.SECP256R1())


def _named(name: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    except ValueError:
        raise BadCertificate("a name has 1 to 64 characters") from None


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        if not fullmatch(_HOST, text.lower(), ASCII):
            raise BadCertificate(f"{text} is no host name and no address") from None
        return x509.DNSName(text.lower())


def _read(pem: bytes) -> x509.Certificate:
    return _read_all(pem)[0]


def _read_all(pem: bytes) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise BadCertificate("there is no certificate in PEM form") from None
    # The library passes over one that has no end.
    if len(found) != pem.count(b"-----BEGIN CERTIFICATE"):
        raise BadCertificate("one of the certificates is cut short")
    return found


def _read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        found = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCertificate("there is no private key in PEM form") from None
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise BadCertificate("the authority's key is of another kind")
    return found
