"""What all HTTP message signatures (RFC 9421) have in common, of calls and of answers: digests, signature bases, and
texts that are read in one spelling alone; used by `message` and `evidence_answer`."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from schemas.trust.keys import KeyPair

#: Makes the refusal of a text that is no such signature, from its reason.
Refused = Callable[[str], Exception]


def digest_of(body: bytes) -> str:
    """RFC 9530."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def base_of(lines: Iterable[str], parameters: str) -> bytes:
    """What is signed: the components' lines, and the parameters (section 2.5)."""
    return "\n".join((*lines, f'"@signature-params": {parameters}')).encode()


def signature(label: str, parameters: str, base: bytes, key: KeyPair) -> dict[str, str]:
    """The two headers that bear a signature."""
    signed = base64.b64encode(key.private.sign(base)).decode()
    return {"signature-input": f"{label}={parameters}", "signature": f"{label}=:{signed}:"}


def groups(text: str, form: "re.Pattern[str]", longest: int, refused: Refused) -> Mapping[str, str]:
    """The named groups of a header that has exactly this form; `refused("malformed")` of another, or a longer one."""
    found = form.fullmatch(text) if len(text) <= longest else None
    if found is None:
        raise refused("malformed")
    return found.groupdict()


def octets(text: str, refused: Refused) -> bytes:
    """Base64 in its one spelling: the last digit of another could stand for the same bytes."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise refused("malformed") from None
    if base64.b64encode(found).decode() != text:
        raise refused("malformed")
    return found
