"""Signed answers: HTTP Message Signatures (RFC 9421) over an answer and the question that it answers; made by a node
whose caller wants evidence, checked by whoever reads it later.

The list of components is fixed, as a message's is: what of it is there is covered, and a list that leaves one out or
names another is refused. The moment is the signature's own `created`; a Date header is the HTTP server's, not ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.trust.http_signature import base_of, digest_of, groups, octets, signature
from schemas.trust.keys import KeyPair, suite_of, verifies
from schemas.trust.message import Message
from schemas.trust.registry import Registry
from schemas.trust.suites import SUITES
from schemas.wire import headers as names

#: What a caller sends as Accept-Signature to have its answer signed; only the tag is looked at.
TAG = "langqiao-evidence"
WANTED = f'evidence=("@status" "content-digest" "content-type");created;keyid;tag="{TAG}"'

_LABEL = "evidence"
_ASKED = re.compile(rf'(?:^|,)\s*[a-z*][a-z0-9_.*-]*=\([^()]*\)[^,()]*;\s*tag="{TAG}"')
_DIGEST = "content-digest"
#: Of the answer, where they are there.
_SAID = (
    _DIGEST,
    "content-type",
    "content-range",
    "etag",
    names.CONTRACT_VERSION,
    names.NEXT,
    names.QUESTION,
    names.RECEIPT,
)
#: Of the question, where they are there. The token is not: whoever has it could ask with it. Who has a case's reference
#: cannot, without a token of its member.
_ASKED_BY = (_DIGEST, names.OFFICER, names.PURPOSE, names.CASE, names.NODE, "signature")
_LONGEST = 4_096
#: A number of seconds of more digits would be beyond any time that has a name.
_INPUT = re.compile(
    rf'{_LABEL}=(?P<parameters>\((?P<components>[a-z0-9@"; -]+)\);created=(?P<created>[0-9]{{1,11}})'
    rf';keyid="(?P<key>[A-Za-z0-9._-]{{1,64}})";alg="(?P<alg>{"|".join(SUITES)})";tag="{TAG}")'
)
_SIGNATURE = re.compile(rf"{_LABEL}=:(?P<signature>[A-Za-z0-9+/]{{86}}==):")


class AnswerRefused(Exception):
    """A signature that proves nothing; `reason` is stable: malformed, unknown-key, bad-signature."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question as it reached the node, and the answer's head; header names in lower case. `body` is None where the
    answer has none, or where it is a stream, whose pieces are signed by themselves."""

    asked: Message
    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says of itself."""

    key_id: str
    created: datetime


def wanted(headers: Mapping[str, str]) -> bool:
    """Whether a call asks for a signed answer (Accept-Signature, RFC 9421, section 5.1)."""
    text = headers.get("accept-signature", "")
    return len(text) <= _LONGEST and _ASKED.search(text) is not None


def sign(answered: Answered, key: KeyPair, now: datetime) -> dict[str, str]:
    """The headers that make it a signed answer, to be sent beside its own."""
    digest = {} if answered.body is None else {_DIGEST: digest_of(answered.body)}
    said = {**answered.headers, **digest}
    listed = " ".join(_covered(answered.asked.headers, said))
    parameters = (
        f'({listed});created={int(now.timestamp())};keyid="{key.key_id}";alg="{key.suite.name}";tag="{TAG}"'
    )
    return digest | signature(_LABEL, parameters, _base(answered, said, parameters), key)


def read(answered: Answered, registry: Registry) -> Signed:
    """Who signed the head, and when; raises AnswerRefused. Whether the digests in it are those of the bodies is to be
    seen by `digest_of`, and whether the key held then by the registries of that day."""
    said = groups(answered.headers.get("signature-input", ""), _INPUT, _LONGEST, AnswerRefused)
    given = groups(answered.headers.get("signature", ""), _SIGNATURE, _LONGEST, AnswerRefused)
    proof = octets(given["signature"], AnswerRefused)
    if said["components"] != " ".join(_covered(answered.asked.headers, answered.headers)):
        raise AnswerRefused("malformed")
    found = registry.key(said["key"])
    if found is None:
        raise AnswerRefused("unknown-key")
    if said["alg"] != suite_of(found[1]).name:
        raise AnswerRefused("malformed")
    if not verifies(found[1], proof, _base(answered, answered.headers, said["parameters"])):
        raise AnswerRefused("bad-signature")
    return Signed(said["key"], datetime.fromtimestamp(int(said["created"]), UTC))


def kept(asked: Mapping[str, str], said: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The headers of question and answer that a signature covers, which are all that evidence needs of them."""
    signing = ("signature-input", "signature")
    return (
        {name: asked[name] for name in _ASKED_BY if name in asked},
        {name: said[name] for name in (*_SAID, *signing) if name in said},
    )


def _covered(asked: Mapping[str, str], said: Mapping[str, str]) -> tuple[str, ...]:
    return (
        '"@status"',
        *(f'"{name}"' for name in _SAID if name in said),
        *(f'"{name}";req' for name in ("@method", "@path", "@query")),
        *(f'"{name}";req' for name in _ASKED_BY if name in asked),
    )


def _base(answered: Answered, said: Mapping[str, str], parameters: str) -> bytes:
    """What is signed, line by line."""
    asked = answered.asked
    values = {
        '"@status"': str(answered.status),
        '"@method";req': asked.method,
        '"@path";req': asked.path,
        '"@query";req': f"?{asked.query}",
        **{f'"{name}"': value for name, value in said.items()},
        **{f'"{name}";req': value for name, value in asked.headers.items()},
    }
    lines = [f"{name}: {values[name].strip()}" for name in _covered(asked.headers, said)]
    return base_of(lines, parameters)
