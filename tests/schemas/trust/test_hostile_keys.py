"""Whatever comes as a key, a key file, an SM2 signature, or a line of registry or grants, read or refused as one."""

import base64
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.trust import authority, grants, keys, registry, signed
from schemas.trust.history import issue
from schemas.trust.keys import BadKey
from schemas.trust.ring import read_ring, write_ring
from schemas.trust.signed import DocumentRefused
from schemas.trust.suites import SM2, Sm2Private
from tests.ends import ends
from tests.schemas.trust.anything import JSON, MOMENTS, altered, damaged

#: Half of what a test gets elsewhere: there are many of these.
_few = settings(max_examples=settings().max_examples // 2)
_Made = TypeVar("_Made")
_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_KEY, _NEXT = keys.new_key(), keys.new_key()
#: The public key of the example of GB/T 32918.5, and a number that is not its private half.
_POINT = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_SM2_FILE = SM2.write(Sm2Private(b"\x11" * 32, bytes.fromhex(_POINT)))
_RING = write_ring([(_NOW, _KEY), (datetime(2027, 1, 1, tzinfo=UTC), _NEXT)])
#: A point whose second half begins with a zero byte; without that it has the length of one in hex with blanks.
_SHORT = (
    "00000000000000000000000000000000000000000000000000000000000001d8"
    "948642d840a8b083820b5b159995598826e2e736c8e57f415fa203d65e8add  "
)


def _read(read: Callable[[], _Made]) -> _Made | None:
    """What was read; None where it is refused as no key."""
    with ends(), suppress(BadKey):
        return read()
    return None


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body


def _pem(label: bytes, der: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(der), label)


_CURVES = {"sm2": "2a811ccf5501822d", "p-256": "2a8648ce3d030107", "unheard of": "2a030405"}


def _elliptic(curve: str) -> bytes:
    """A private key of a curve as other programs write it (PKCS #8)."""
    name = bytes.fromhex(_CURVES[curve])
    algorithm = _der(0x30, _der(6, bytes.fromhex("2a8648ce3d0201")), _der(6, name))
    number = _der(4, _der(0x30, _der(2, b"\x01"), _der(4, b"\x11" * 32)))
    return _pem(b"PRIVATE KEY", _der(0x30, _der(2, b"\x00"), algorithm, number))


@pytest.mark.parametrize("curve", _CURVES)
def test_a_key_of_another_program_or_curve_is_refused(curve: str) -> None:
    with pytest.raises(BadKey):
        keys.read_private(_elliptic(curve))


_FILES = [keys.write_private(_KEY), _SM2_FILE, _RING, _elliptic("sm2"), _elliptic("p-256")]


@_few
@given(st.data())
def test_any_bytes_are_a_key_file_or_none(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(_FILES)).decode()
    text = data.draw(damaged(whole) | altered(whole)).encode()
    for pem in (text, data.draw(st.binary(max_size=80))):
        found = _read(lambda pem=pem: keys.read_private(pem))
        assert found is None or found.key_id == keys.key_id_of(found.public_hex)
        ring = _read(lambda pem=pem: read_ring(pem))
        assert ring is None or ring.at(_NOW) in [key for _, key in ring.keys]


@_few
@given(MOMENTS | st.text(max_size=30))
def test_any_beginning_of_a_key_is_read_or_refused(begins: str) -> None:
    pem = b"Begins: %b\n%b" % (begins.encode(), keys.write_private(_NEXT))
    ring = _read(lambda: read_ring(keys.write_private(_KEY) + pem))
    assert ring is None or ring.at(_NOW).key_id in (_KEY.key_id, _NEXT.key_id)


@pytest.mark.parametrize("between", [b"\n" * 100_000, b" \n" * 50_000, b"A" * 100_000, b"A\n" * 50_000])
def test_a_key_file_without_an_end_is_refused_soon(between: bytes) -> None:
    assert _read(lambda: keys.read_private(b"-----BEGIN SM2 PRIVATE KEY-----\n" + between)) is None


@_few
@given(st.binary(max_size=100))
@example(bytes(32) + bytes.fromhex(_POINT))
@example(b"\xff" * 32 + bytes.fromhex(_POINT))
def test_any_bytes_under_the_label_of_a_suite_are_a_key_or_none(held: bytes) -> None:
    assert _read(lambda: keys.read_private(_pem(b"SM2 PRIVATE KEY", held))) is None


@_few
@given(st.data())
@example(None)
def test_any_text_is_a_public_key_or_none(data: st.DataObject | None) -> None:
    whole = [_KEY.public_hex, _POINT]
    text = _SHORT if data is None else data.draw(st.text() | st.sampled_from(whole).flatmap(altered))
    found = _read(lambda: keys.public_key(text))
    assert found is None or text.lower() == _POINT or found.public_bytes_raw() == bytes.fromhex(text)


@pytest.mark.parametrize("sign", ["00", "80"])
@pytest.mark.parametrize("low", ["00", "01", "ec" + "ff" * 30 + "7f"])
def test_a_key_by_which_anybody_can_sign_is_none(low: str, sign: str) -> None:
    raw = bytearray(bytes.fromhex(low).ljust(32, b"\0"))
    raw[-1] |= int(sign, 16)
    assert _read(lambda: keys.public_key(raw.hex())) is None


@_few
@given(st.binary(max_size=70) | st.sampled_from([b"\xff" * 64, bytes(64), bytes(63) + b"\x01", b"0" * 128]))
def test_any_bytes_are_a_signature_or_none(mark: bytes) -> None:
    for public in (_POINT, _KEY.public_hex):
        with ends():
            assert not keys.verifies(public, mark, b"question")


_LINE: dict[str, Any] = {
    "id": "330200.approvals",
    "system": "window",
    "role": "system",
    "keys": {_KEY.key_id: _KEY.public_hex},
    "until": {_KEY.key_id: "2026-06-01T00:00:00Z"},
    "clients": {"https://login.example": "window"},
}
_REGISTRY = {
    "number": 1,
    "issued": "2026-01-01T00:00:00Z",
    "expires": "2027-01-01T00:00:00Z",
    "members": [_LINE],
}
_MAPS = st.dictionaries(
    st.sampled_from([_KEY.key_id, "k2"]), JSON | st.sampled_from([_KEY.public_hex, _POINT])
)


@_few
@given(st.sampled_from(sorted(_LINE)), JSON | _MAPS | MOMENTS)
def test_any_line_of_a_registry_is_read_or_refused_and_its_keys_can_be_asked_for(
    name: str, value: Any
) -> None:
    with ends():
        try:
            found = registry.from_document(_REGISTRY | {"members": [_LINE | {name: value}]})
        except DocumentRefused:
            return
        for key_id in (*found.keys, _KEY.key_id):
            found.key(key_id, _NOW)
        found.client("https://login.example", "window")
        registry.check_document(orjson.loads(orjson.dumps(registry.to_document(found, _NOW))))


@_few
@given(st.sampled_from(sorted(_REGISTRY)), JSON | MOMENTS | st.lists(st.just(_LINE), min_size=2, max_size=2))
def test_any_registry_is_an_issue_of_its_day_or_refused(name: str, value: Any) -> None:
    with ends(), suppress(DocumentRefused):
        issue(_REGISTRY | {name: value})


_HANDED = authority.hand_over(_KEY, _NEXT.key_id, _NEXT.public_hex, _NOW)
_TOLD = {_KEY.key_id: _KEY.public_hex}


@_few
@given(st.lists(st.text(max_size=20) | damaged(_HANDED) | altered(_HANDED), max_size=3))
def test_any_handovers_of_the_authority_are_followed_or_refused(handovers: list[str]) -> None:
    with ends(), suppress(DocumentRefused):
        found = authority.Authority(_TOLD).after(handovers)
        assert set(found.keys) <= {_KEY.key_id, _NEXT.key_id}


@_few
@given(st.sampled_from(["key", "until"]), JSON | st.fixed_dictionaries({"id": JSON, "public": JSON}))
def test_any_handover_that_the_authority_signs_is_followed_or_refused(name: str, value: Any) -> None:
    said = {"key": {"id": "k2", "public": _NEXT.public_hex}, "until": "2026-06-01T00:00:00Z", name: value}
    with suppress(TypeError):  # A number too large to be written is none that can come.
        text = signed.sign({"handover": said}, _KEY)
        with ends(), suppress(DocumentRefused):
            authority.Authority(_TOLD).after([text])


@_few
@given(JSON)
def test_anything_is_registry_and_grants_or_refused(document: Any) -> None:
    checks: tuple[Callable[[Any], None], ...] = (registry.check_document, grants.check_document)
    for check in checks:
        with ends(), suppress(DocumentRefused):
            check(document)
