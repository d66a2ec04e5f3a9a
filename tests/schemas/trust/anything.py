"""What hostile tests of all signed things send: any JSON, any moment, nesting without end, texts that were damaged or
altered in one place, and compact JWS made by hand."""

import base64
from typing import Any

import orjson
from hypothesis import strategies as st

from schemas.trust.keys import KeyPair

MOMENTS = st.sampled_from(
    [
        "9999-12-31T23:59:59.999999-23:59",
        "0001-01-01T00:00:00+23:59",
        "2026-05-01T04:00:00Z",
        "2026-W18-5T04:00:00Z",
        "20260501T040000Z",
        "2026-05-01",
    ]
)
_NUMBERS = st.integers() | st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**30, 0, 1]) | st.floats()
_LEAVES = st.none() | st.booleans() | _NUMBERS | MOMENTS | st.text(max_size=8)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
#: Nested deeper than any reader goes.
DEEP = st.sampled_from([200, 254, 260, 1_000, 1_030, 1_400]).map(lambda depth: b"[" * depth + b"]" * depth)
#: Why a signed message is refused, as is said to whoever sent it.
REASONS = {
    "malformed",
    "unknown-key",
    "bad-signature",
    "altered",
    "not-for-us",
    "not-yet-valid",
    "expired",
}
#: One character as it may stand in a header, a signed text or JSON, and some that may not.
_ONE = st.sampled_from('AZaz09._-=+/:;,"(){}[] \t\r\n\x00é١') | st.characters(exclude_categories=["Cs"])


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """The text cut, doubled, lengthened, with characters lost, exchanged or put in."""
    at = draw(st.integers(0, len(text)))
    end = draw(st.integers(at, min(len(text), at + draw(st.sampled_from([0, 1, 2, 40, 4_000])))))
    put = draw(
        st.sampled_from(["", ".", "..", "=", "==", "A", "\x00", "é", "A" * 5_000, text]) | st.text(max_size=4)
    )
    return text[:at] + put + text[end:]


@st.composite
def altered(draw: st.DrawFn, text: str) -> str:
    """The text with one character lost, exchanged or put in, anywhere."""
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.just("") | _ONE) + text[at + draw(st.sampled_from([0, 1])) :]


def compact(head: bytes, body: bytes, key: KeyPair) -> str:
    """A compact JWS by hand, so that anything can stand in it."""
    first, second = (base64.urlsafe_b64encode(one).rstrip(b"=") for one in (head, body))
    mark = base64.urlsafe_b64encode(key.private.sign(first + b"." + second)).rstrip(b"=")
    return b".".join((first, second, mark)).decode()


def head(key: KeyPair, **further: Any) -> bytes:
    """The header of what a key signs, and whatever else it is to say."""
    said = {"alg": key.suite.jose, "kid": key.key_id, **further}
    return orjson.dumps(said, option=orjson.OPT_PASSTHROUGH_DATACLASS)
