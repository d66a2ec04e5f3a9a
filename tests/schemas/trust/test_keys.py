"""Keys: written, read, named by an id of their own, and never mixed up."""

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import keys
from schemas.trust.keys import BadKey


def test_a_key_survives_its_file() -> None:
    key = keys.new_key()
    read = keys.read_private(keys.write_private(key))
    assert (read.public_hex, read.key_id) == (key.public_hex, key.key_id)
    assert keys.key_id_of(key.public_hex) == key.key_id


def test_what_a_key_signed_it_alone_verifies() -> None:
    key, other = keys.new_key(), keys.new_key()
    mark = key.private.sign(b"question")
    assert keys.verifies(key.public_hex, mark, b"question")
    assert not keys.verifies(key.public_hex, mark, b"question?")
    assert not keys.verifies(other.public_hex, mark, b"question")
    assert not keys.verifies(key.public_hex, b"", b"question")


def test_a_key_shows_no_secret() -> None:
    key = keys.new_key()
    secret = key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex()
    assert secret not in repr(key)


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff"]
)
def test_what_is_no_key_is_refused(pem: bytes) -> None:
    with pytest.raises(BadKey):
        keys.read_private(pem)


def test_a_key_of_another_suite_is_refused() -> None:
    other = x25519.X25519PrivateKey.generate()
    with pytest.raises(BadKey, match="none of the suites"):
        keys.read_private(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@given(st.text(max_size=70))
def test_a_public_key_is_32_bytes_in_hex(text: str) -> None:
    try:
        good = len(bytes.fromhex(text)) == 32
    except ValueError:
        good = False
    if not good:
        with pytest.raises(BadKey):
            keys.public_key(text)
