"""Messages beside another implementation of RFC 9421: what we sign it verifies, and what it signs we verify."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from hypothesis import given

from schemas.trust import keys, registry
from schemas.trust.message import COVERED, Message, check, sign
from schemas.wire import headers as names
from tests.schemas.trust.any_message import messages, request_of

_KEY = keys.new_key()
_REGISTRY = registry.from_document(
    {
        "number": 1,
        "expires": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        "members": [{"id": "330200.credit", "system": "credit-desk", "keys": {_KEY.key_id: _KEY.public_hex}}],
    }
)
_KEYS = MappingKeyResolver(
    public_keys={_KEY.key_id: _KEY.private.public_key()}, private_keys={_KEY.key_id: _KEY.private}
)
_NODE = "330203.taxation"
_HEADERS = ("authorization", names.OFFICER, names.PURPOSE, names.QUESTION, names.DEADLINE, "prefer", "range")
_COMPONENTS = ("@method", "@path", "@query", "content-digest")

_messages = messages(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], _HEADERS, most=200)


@given(_messages)
def test_another_implementation_verifies_what_we_sign(message: Message) -> None:
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=_KEYS)
    request = request_of(message, sign(message, _KEY, datetime.now(UTC)))
    [found] = verifier.verify(request, expect_tag="langqiao", body=message.body)
    covered = {f'"{name}"' for name in (*_COMPONENTS, *message.headers)}
    assert covered <= set(found.covered_components)
    assert found.body == message.body


@given(_messages)
def test_we_verify_what_another_implementation_signs(message: Message) -> None:
    signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_KEYS)
    message = replace(message, headers={**message.headers, names.NODE: _NODE})
    request = request_of(message)
    signer.sign(
        request,
        key_id=_KEY.key_id,
        nonce="0123456789abcdef",
        label="langqiao",
        tag="langqiao",
        covered_component_ids=(*_COMPONENTS, *(name for name in COVERED if name in message.headers)),
        body=message.body,
    )
    signed = {name.lower(): value for name, value in request.headers.items()}
    sent = Message(message.method, message.path, message.query, signed, message.body)
    assert check(sent, _REGISTRY, datetime.now(UTC), node=_NODE).sender.system == "credit-desk"
