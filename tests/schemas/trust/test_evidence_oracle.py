"""Signed answers beside another implementation of RFC 9421: it verifies what we sign, with the request's components."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from hypothesis import given
from hypothesis import strategies as some

from schemas.trust import keys, message
from schemas.trust.evidence_answer import TAG, Answered, sign
from schemas.wire import headers as names
from tests.schemas.trust.any_message import Request, headers, messages, request_of

_KEY = keys.new_key()
_KEYS = MappingKeyResolver(public_keys={_KEY.key_id: _KEY.private.public_key()}, private_keys={})
_SAID = ("content-type", "content-range", "etag", names.CONTRACT_VERSION, names.QUESTION, names.RECEIPT)
_ASKED = (names.OFFICER, names.PURPOSE, names.CASE, names.NODE)

_messages = messages(["GET", "POST"], _ASKED, most=60)
_answers = some.builds(
    Answered,
    asked=_messages,
    status=some.sampled_from([200, 206]),
    headers=headers(_SAID),
    body=some.binary(max_size=200),
)


@dataclass
class _Response:
    """A response in the form that the other implementation reads."""

    status_code: int
    headers: dict[str, str]
    request: Request


def _signed(answered: Answered) -> tuple[_Response, Answered]:
    """The response that a node sends to a signed call."""
    now = datetime.now(UTC)
    asked = answered.asked
    asked = replace(asked, headers={**asked.headers, **message.sign(asked, _KEY, now)})
    answered = replace(answered, asked=asked)
    said = {**answered.headers, **sign(answered, _KEY, now)}
    return _Response(answered.status, said, request_of(asked)), answered


@given(_answers)
def test_another_implementation_verifies_what_we_sign(answered: Answered) -> None:
    response, answered = _signed(answered)
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=_KEYS)
    [found] = verifier.verify(response, expect_tag=TAG, body=answered.body)
    covered = set(found.covered_components)
    assert {'"@status"', '"content-digest"', *(f'"{name}"' for name in answered.headers)} <= covered
    asked = ("@method", "@path", "@query", "content-digest", "signature", *answered.asked.headers)
    named = {f'"{name}";req' for name in asked if name != "signature-input"}
    assert named <= covered


@given(_answers)
def test_another_implementation_sees_another_request_too(answered: Answered) -> None:
    response, _ = _signed(answered)
    response.request.url += "/more" if "?" not in response.request.url else "&more"
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=_KEYS)
    with pytest.raises(InvalidSignature):
        verifier.verify(response, expect_tag=TAG)
