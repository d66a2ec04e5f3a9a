"""Whatever comes as a token, message, signed document, statement or log line, it is read or refused as one."""

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import grants, keys, registry, signed, token
from schemas.trust.about import hidden_by
from schemas.trust.chain import check as check_chain
from schemas.trust.entries import BadLine, read
from schemas.trust.message import Message, MessageRefused, check, sign
from schemas.trust.model import Caller
from schemas.trust.receipts import read_receipt
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import Checkpoint, countersign, read_checkpoint, read_countersigned
from schemas.trust.statements import Countersigned as Word
from schemas.wire.problem import Problem
from tests.ends import ends
from tests.schemas.trust.anything import DEEP, JSON, MOMENTS, REASONS, compact, damaged, head
from tests.schemas.trust.logs import entries, written

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_KEY, _NODE = keys.new_key(), keys.new_key()
_REGISTRY = registry.from_document(
    {
        "number": 1,
        "expires": "2027-01-01T00:00:00Z",
        "members": [
            {"id": "330200.approvals", "system": "window", "keys": {_KEY.key_id: _KEY.public_hex}},
            {
                "id": "330203.harbour",
                "system": "330203.harbour/node",
                "keys": {_NODE.key_id: _NODE.public_hex},
            },
        ],
    }
)
_TOKEN = token.make(_KEY, system="window", member="330200.approvals", now=_NOW)
_GRANT = {
    "id": "g1",
    "member": "330200.approvals",
    "dataset": "harbour.boats",
    "items": ["owner_id"],
    "purpose": "tax inspection",
    "not_before": "2026-01-01T00:00:00+08:00",
    "expires": "2027-01-01T00:00:00+08:00",
}


def _caller(text: str) -> Caller | None:
    with ends():
        try:
            return token.check(text, _REGISTRY, _NOW).caller
        except Problem as fault:
            problem = fault
    assert (problem.code, problem.status, set(problem.members)) == ("bad-token", 401, {"reason"})
    return None


_WHO = Caller("330200.approvals", "window")


@given(st.text() | damaged(_TOKEN) | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_text_is_a_token_or_refused_as_one(text: str) -> None:
    assert _caller(text) in (None, _WHO)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "member", "aud", "iat", "exp", "nbf", "jti", "on_behalf"]), JSON
    )
)
def test_any_claims_that_a_member_signs_are_his_own_or_refused(changed: dict[str, Any]) -> None:
    now = int(_NOW.timestamp())
    claims = {
        "iss": "window",
        "sub": "window",
        "member": "330200.approvals",
        "aud": "langqiao",
        "iat": now,
        "exp": now + 60,
    }
    with suppress(TypeError):  # A number too large to be written is none that can come.
        found = _caller(compact(head(_KEY), orjson.dumps({**claims, **changed}), _KEY))
        assert found is None or (found.member, found.system) == (_WHO.member, _WHO.system)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "cty", "jwk", "jku", "x5u"]), JSON)
)
def test_any_header_of_a_token_is_known_or_refused(changed: dict[str, Any]) -> None:
    body = base64.urlsafe_b64decode(_TOKEN.split(".")[1] + "==")
    with suppress(TypeError):
        assert _caller(compact(head(_KEY, **changed), body, _KEY)) in (None, _WHO)


@given(DEEP, st.booleans())
def test_a_token_nested_without_end_is_refused(deep: bytes, inside: bool) -> None:
    nested = b'{"alg":"EdDSA","kid":"%b","x":%b}' % (_KEY.key_id.encode(), deep)
    parts = (head(_KEY), b'{"iss":%b}' % deep) if inside else (nested, b"{}")
    assert _caller(compact(*parts, _KEY)) is None


_HEADERS = {
    "authorization": f"Bearer {_TOKEN}",
    "langqiao-officer": "o",
    "langqiao-purpose": "case:1",
    "langqiao-node": "330203.harbour",
}
_ASKED = Message("POST", "/records/harbour/boats/query", "", _HEADERS, b'{"select": "number"}')
_SIGNED = replace(_ASKED, headers={**_HEADERS, **sign(_ASKED, _KEY, _NOW)})


def _sender(message: Message) -> str | None:
    with ends():
        try:
            return check(message, _REGISTRY, _NOW, node="330203.harbour").sender.system
        except MessageRefused as refused:
            reason = refused.reason
    assert reason in REASONS
    return None


@given(st.data())
def test_a_message_of_which_anything_was_changed_is_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(_SIGNED.headers)))
    value = data.draw(damaged(_SIGNED.headers[name]) | st.text())
    changed = replace(_SIGNED, headers={**_SIGNED.headers, name: value})
    same = value.strip() == _SIGNED.headers[name]
    assert _sender(changed) == ("window" if same else None)


@given(st.sampled_from(["method", "path", "query"]), st.text(), st.binary(max_size=8))
def test_a_message_sent_to_another_address_or_with_another_body_is_refused(
    name: str, text: str, body: bytes
) -> None:
    changed = replace(_SIGNED, **{name: text})
    assert _sender(changed) == ("window" if changed == _SIGNED else None)
    assert _sender(replace(_SIGNED, body=body)) is None


@given(
    st.dictionaries(
        st.sampled_from(["signature", "signature-input", "content-digest", "langqiao-node"]), st.text()
    )
)
def test_any_headers_are_a_message_or_refused_as_one(headers: dict[str, str]) -> None:
    assert _sender(replace(_ASKED, headers=_HEADERS | headers)) is None


@given(st.integers(), st.integers(-10, 200), st.text(alphabet='0123456789;="abc-_', max_size=80))
def test_any_parameters_of_a_signature_are_read_or_refused(created: int, at: int, put: str) -> None:
    said = _SIGNED.headers["signature-input"].replace(str(int(_NOW.timestamp())), str(created))
    for text in (said, said[:at] + put + said[at:]):
        assert _sender(replace(_SIGNED, headers={**_SIGNED.headers, "signature-input": text})) in (
            None,
            "window",
        )


_READERS: tuple[Callable[[str], object], ...] = (
    lambda text: registry.from_document(signed.read(text, {_NODE.key_id: _NODE.public_hex})),
    lambda text: grants.from_document(signed.read(text, {_NODE.key_id: _NODE.public_hex})),
    lambda text: read_checkpoint(text, _REGISTRY),
    lambda text: read_countersigned(text, _REGISTRY),
    lambda text: read_receipt(text, _REGISTRY),
)


def _read(text: str) -> None:
    for reader in _READERS:
        with ends(), suppress(DocumentRefused):
            reader(text)


_POINT = {"node": "330203.harbour", "number": 3, "hash": "a" * 64, "at": "2026-05-01T04:00:00Z"}
_DOCUMENT = {"number": 1, "expires": "2027-01-01T00:00:00Z", "members": [], "grants": []}


@given(
    st.text() | damaged(signed.sign({"checkpoint": _POINT}, _NODE)) | damaged(signed.sign(_DOCUMENT, _NODE))
)
def test_any_text_is_a_signed_document_or_refused_as_one(text: str) -> None:
    _read(text)


@given(
    st.sampled_from(["checkpoint", "witnessed", "receipt", "members", "grants", "number", "expires"]), JSON
)
def test_any_document_that_a_member_signs_is_read_or_refused(name: str, value: Any) -> None:
    with suppress(TypeError):
        _read(compact(head(_NODE), orjson.dumps(_DOCUMENT | {name: value}), _NODE))
        _read(compact(head(_NODE), orjson.dumps({name: value}), _NODE))


@given(DEEP)
def test_a_document_nested_without_end_is_refused(deep: bytes) -> None:
    for body in (deep, b'{"checkpoint":%b}' % deep, b'{"number":1,"expires":%b,"members":[]}' % deep):
        _read(compact(head(_NODE), body, _NODE))


@given(st.sampled_from(sorted(_GRANT)), JSON)
def test_any_grant_that_is_read_can_be_looked_for(name: str, value: Any) -> None:
    try:
        found = grants.from_document(_DOCUMENT | {"grants": [_GRANT | {name: value}]})
    except DocumentRefused:
        return
    caller = replace(_WHO, officer="o", purpose="grant:g1")
    found.named(caller, "harbour.boats", _NOW, "330203.harbour")


@given(st.sampled_from(sorted(_GRANT)) | st.just("told_after_days"), JSON)
def test_any_grant_elsewhere_that_is_read_can_be_known_and_hidden_by(name: str, value: Any) -> None:
    caller = replace(_WHO, officer="o", purpose="grant:g1")
    for listed in (value, [_GRANT | {name: value}]):
        try:
            found = grants.from_document(_DOCUMENT | {"grants": [], "elsewhere": listed})
        except DocumentRefused:
            continue
        hidden_by(found.of_caller(caller, _NOW), _NOW)
        with suppress(Problem):
            found.require_known(caller, _NOW)


@given(MOMENTS)
def test_a_moment_that_is_read_can_be_told_again(at: str) -> None:
    text = signed.sign({"checkpoint": _POINT | {"at": at}}, _NODE)
    try:
        found = read_checkpoint(text, _REGISTRY)
    except DocumentRefused:
        return
    assert countersign(Word(found, "330203.harbour", found.at), _NODE)
    assert isinstance(found, Checkpoint)
    assert found.at - _NOW < timedelta.max


@given(st.binary(max_size=60) | DEEP)
def test_any_line_is_an_entry_or_a_bad_one(line: bytes) -> None:
    for one in (line, b'{"entry":{"number":1,"previous":"x","items":%b},"hash":"%b"}' % (line, b"0" * 64)):
        with ends(), pytest.raises(BadLine):
            read(one)


@given(entries(), DEEP, st.data())
def test_a_log_is_checked_to_its_end_whatever_stands_in_it(
    made: list[Any], deep: bytes, data: st.DataObject
) -> None:
    lines, _ = written(made)
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = b'{"entry":{"number":%d,"previous":"","told":%b},"hash":""}' % (at + 1, deep)
    with ends():
        assert {one.number for one in check_chain(lines)} == {at + 1}
