"""Every suite passes the same cases: keys, documents, tokens, messages, receipts; and none is taken for another."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import jose, keys, message, receipts, registry, signed, token
from schemas.trust.keys import BadKey, KeyPair
from schemas.trust.message import Message, MessageRefused
from schemas.trust.receipts import Receipt
from schemas.trust.ring import read_ring, write_ring
from schemas.trust.signed import DocumentRefused
from schemas.trust.suites import ED25519, SM2, Suite
from schemas.wire.problem import Problem
from tests.services.cli.tool import run
from tests.suites import EACH_SUITE, needs_sm2

#: The public key of the example of GB/T 32918.5.
_EXAMPLE = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_NODE = "330200.taxation"
_SYSTEM = f"{_NODE}/node"
_CALLED = {"authorization": "Bearer x", "langqiao-node": _NODE}
_CALL = Message("POST", "/records/k/d/query", "", _CALLED, b"{}")


@pytest.fixture(params=EACH_SUITE)
def suite(request: pytest.FixtureRequest) -> Suite:
    found: Suite = request.param
    return found


@pytest.fixture
def key(suite: Suite) -> KeyPair:
    return keys.new_key(suite)


def _registry(*listed: KeyPair) -> registry.Registry:
    line = {"id": _NODE, "system": _SYSTEM, "keys": {one.key_id: one.public_hex for one in listed}}
    dates = {"number": 1, "issued": _NOW.isoformat(), "expires": (_NOW + timedelta(days=1)).isoformat()}
    return registry.from_document({**dates, "members": [line]})


def test_a_key_survives_its_file_and_says_what_it_is_of(key: KeyPair, suite: Suite) -> None:
    read = keys.read_private(keys.write_private(key))
    assert (read.public_hex, read.key_id, read.suite) == (key.public_hex, key.key_id, suite)
    mark = read.private.sign(b"question")
    assert len(mark) == 64
    assert keys.verifies(key.public_hex, mark, b"question")
    for wrong, said in (
        (mark, b"answer"),
        (mark[:-1], b"question"),
        (b"", b"question"),
        (bytes(64), b"question"),
    ):
        assert not keys.verifies(key.public_hex, wrong, said)
    assert not keys.verifies(keys.new_key(suite).public_hex, mark, b"question")


def test_a_key_shows_no_secret(key: KeyPair) -> None:
    number = getattr(key.private, "number", b"no number")
    assert number.hex() not in repr(key)
    assert repr(number) not in repr(key)


def test_a_document_is_read_as_it_was_signed(key: KeyPair) -> None:
    text = signed.sign({"number": 1}, key)
    assert signed.read(text, {key.key_id: key.public_hex}) == {"number": 1}
    other = keys.new_key(key.suite)
    with pytest.raises(DocumentRefused, match="bad-signature"):
        signed.read(text, {key.key_id: other.public_hex})


def test_a_token_speaks_for_its_system(key: KeyPair) -> None:
    text = token.make(key, system=_SYSTEM, member=_NODE, now=_NOW)
    assert token.check(text, _registry(key), _NOW).caller.system == _SYSTEM
    with pytest.raises(Problem, match="unknown-key"):
        token.check(text, _registry(keys.new_key(key.suite)), _NOW)


def test_a_message_is_its_senders_and_nothing_in_it_can_be_altered(key: KeyPair, suite: Suite) -> None:
    said = message.sign(_CALL, key, _NOW)
    assert f'alg="{suite.name}"' in said["signature-input"]
    sent = replace(_CALL, headers={**_CALL.headers, **said})
    assert message.check(sent, _registry(key), _NOW, node=_NODE).sender.system == _SYSTEM
    for altered in (replace(sent, path="/records/k/e/query"), replace(sent, body=b"[]")):
        with pytest.raises(MessageRefused):
            message.check(altered, _registry(key), _NOW, node=_NODE)


def test_a_receipt_is_its_nodes(key: KeyPair) -> None:
    one = Receipt(_NODE, 7, "a" * 64, "b", "c", "d", _NOW)
    assert receipts.read_receipt(receipts.Signer(key).sign(one), _registry(key)) == one


@needs_sm2
def test_a_key_of_one_suite_follows_a_key_of_the_other(key: KeyPair, suite: Suite) -> None:
    other = keys.new_key(SM2 if suite is ED25519 else ED25519)
    alone = read_ring(keys.write_private(key))
    ring = read_ring(write_ring(alone.followed(other, _NOW, _NOW - timedelta(minutes=1)).keys))
    both = _registry(key, other)
    for at, signing in ((_NOW - timedelta(seconds=1), key), (_NOW, other)):
        assert ring.at(at).key_id == signing.key_id
        assert token.check(token.make(ring.at(at), system=_SYSTEM, member=_NODE, now=at), both, at)


@needs_sm2
def test_no_suite_is_taken_for_another(key: KeyPair, suite: Suite) -> None:
    other = keys.new_key(SM2 if suite is ED25519 else ED25519)
    text = jose.encode(b"{}", key)
    with pytest.raises(DocumentRefused, match="malformed"):
        signed.read(text, {key.key_id: other.public_hex})
    said = message.sign(_CALL, key, _NOW)
    renamed = said["signature-input"].replace(suite.name, other.suite.name)
    sent = replace(_CALL, headers={**_CALL.headers, **said, "signature-input": renamed})
    with pytest.raises(MessageRefused, match="malformed"):
        message.check(sent, _registry(key), _NOW, node=_NODE)


@needs_sm2
def test_sm2_is_that_of_the_standard() -> None:
    """The example of GB/T 32918.5: its key, its message, its signature."""
    signature = bytes.fromhex(
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )
    assert keys.verifies(_EXAMPLE, signature, b"message digest")
    assert not keys.verifies(_EXAMPLE, signature, b"message digest.")


@given(st.binary(min_size=64, max_size=64))
def test_bytes_that_are_no_point_of_the_curve_are_no_key(point: bytes) -> None:
    with pytest.raises(BadKey, match="point of the SM2 curve"):
        keys.public_key(point.hex())


@needs_sm2
@given(st.binary(max_size=70))
def test_no_bytes_are_a_signature(signature: bytes) -> None:
    assert not keys.verifies(_EXAMPLE, signature, b"question")


@pytest.mark.parametrize("held", ["", "AAAA", "!!!!", "A" * 128])
def test_a_file_that_holds_no_key_of_the_suite_is_refused(held: str) -> None:
    label = "SM2 PRIVATE KEY"
    with pytest.raises(BadKey):
        keys.read_private(f"-----BEGIN {label}-----\n{held}\n-----END {label}-----\n".encode())


def test_where_the_extra_is_missing_registries_are_read_and_its_signatures_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    ours = keys.new_key()
    line = {"id": _NODE, "system": _SYSTEM, "keys": {"sm": _EXAMPLE, ours.key_id: ours.public_hex}}
    dates = {"number": 1, "issued": _NOW.isoformat(), "expires": (_NOW + timedelta(days=1)).isoformat()}
    known = registry.from_document({**dates, "members": [line]})
    assert token.check(token.make(ours, system=_SYSTEM, member=_NODE, now=_NOW), known, _NOW)
    assert not keys.verifies(_EXAMPLE, bytes(range(1, 65)), b"question")
    with pytest.raises(BadKey, match="needs the extra"):
        keys.new_key(SM2)


@needs_sm2
def test_the_tool_makes_keys_of_a_suite_and_lets_one_of_another_follow(tmp_path: Path) -> None:
    made = run("keys", "new", "--out", str(tmp_path), "--name", "node", "--suite", "sm2-sm3")
    assert made.exit_code == 0, made.output
    path = tmp_path / "node.key.pem"
    assert keys.read_private(path.read_bytes()).suite is SM2
    rotated = ("keys", "rotate", _SYSTEM, "--key", str(path))
    assert run(*rotated, "--suite", "ed25519", "--lead", "0").exit_code == 0
    assert read_ring(path.read_bytes()).at(datetime.now(UTC)).suite is ED25519
    assert run(*rotated, "--suite", "rot13").exit_code == 2
