"""Whatever comes as a word on a person, a mandate, or a case's reference, it is its signer's or refused as one,
and no refusal repeats whom it is about."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.trust import cases, keys, registry, signed
from schemas.trust.mandates import Mandate, read_mandate, sign_mandate
from schemas.trust.model import Role
from schemas.trust.signed import DocumentRefused
from schemas.trust.vouching import Vouched, as_representative, read_vouched, vouch
from schemas.wire.problem import Problem
from tests.ends import ends
from tests.schemas.trust.anything import DEEP, JSON, MOMENTS, altered, compact, damaged, head
from tests.suites import INSTALLED

_NOW = datetime(2026, 5, 1, 4, tzinfo=UTC)
_PERSON, _ENTERPRISE = "330102199003070019", "91330100MA0TEXT128"
_SYSTEMS = {
    "330200.hall/desk": Role.CITIZEN_SERVICES,
    "330203.market/node": Role.ENTERPRISE_REGISTER,
    "330200.window/cases": Role.CASES,
}
#: Each system has a key of each suite.
_KEYS = {suite.name: {system: keys.new_key(suite) for system in _SYSTEMS} for suite in INSTALLED}
_REGISTRY = registry.from_document(
    {
        "number": 1,
        "expires": "2027-01-01T00:00:00Z",
        "members": [
            {
                "id": one.partition("/")[0],
                "system": one,
                "role": str(role),
                "keys": {key.key_id: key.public_hex for key in (by[one] for by in _KEYS.values())},
            }
            for one, role in _SYSTEMS.items()
        ],
    }
)
_DESK, _MARKET, _KEEPER = _SYSTEMS


@dataclass(frozen=True)
class _Kind:
    """A kind of statement: who signs it and by which suite, one as it should be, what reads it, and the names of what
    it says."""

    by: str
    suite: str
    text: str
    read: Callable[[str], object]
    members: tuple[str, ...]

    def key(self, by: str | None = None) -> keys.KeyPair:
        """That of a system; of whose statement it is, where none is named."""
        return _KEYS[self.suite][by or self.by]

    @property
    def name(self) -> str:
        [name] = signed.unchecked(self.text)
        return name


def _case(text: str) -> object:
    try:
        return cases.check(text, _REGISTRY, _NOW)
    except Problem as problem:
        assert (problem.code, set(problem.members)) == ("case-refused", {"reason"})  # noqa: PT017
        raise DocumentRefused(str(problem.members["reason"]), str(problem)) from None


_VOUCHED = Vouched(_DESK, _PERSON, "identified:visit-7", _NOW, _ENTERPRISE)
_CASE = cases.case_of("2026-17", "330200.taxation", [("id-number", _PERSON)], b"s" * 16)
_TIMES = {"opened": _NOW - timedelta(days=1), "now": _NOW, "until": _NOW + timedelta(hours=1)}


def _kinds(suite: str, by: Mapping[str, keys.KeyPair]) -> dict[str, _Kind]:
    return {
        f"a word on a person, {suite}": _Kind(
            _DESK,
            suite,
            vouch(_VOUCHED, by[_DESK]),
            lambda text: read_vouched(text, _REGISTRY, _NOW)[0],
            ("system", "id_number", "credit_code", "purpose", "at", "for"),
        ),
        f"a mandate, {suite}": _Kind(
            _MARKET,
            suite,
            sign_mandate(Mandate("330203.market", "a" * 64), by[_MARKET]),
            lambda text: read_mandate(text, _REGISTRY, _NOW),
            ("node", "ask"),
        ),
        f"a case's reference, {suite}": _Kind(
            _KEEPER,
            suite,
            cases.refer(_CASE, by[_KEEPER], **_TIMES),
            _case,
            ("number", "member", "status", "opened", "issued", "until", "salt", "subjects"),
        ),
    }


_KINDS = {what: one for suite, by in _KEYS.items() for what, one in _kinds(suite, by).items()}
_REASONS = {
    "malformed",
    "unknown-key",
    "bad-signature",
    "not-yet-valid",
    "expired",
    "not-open",
    "too-long-lived",
}
#: Each kind has its share of the examples.
_FEW = settings().max_examples // len(_KINDS)
_each = pytest.mark.parametrize("what", _KINDS)


def _read(what: str, text: str) -> object | None:
    """What a text says; None where it is refused, for a stable reason and without a value."""
    with ends():
        try:
            return _KINDS[what].read(text)
        except DocumentRefused as refused:
            fault = refused
    assert fault.reason in _REASONS
    assert _PERSON not in str(fault)
    assert _ENTERPRISE not in str(fault)
    return None


def _by_hand(what: str, said: object, by: str | None = None) -> str | None:
    """A statement of the kind that says anything, signed as it should be; None: it cannot be written."""
    one = _KINDS[what]
    key = one.key(by)
    try:
        return compact(head(key), orjson.dumps({one.name: said}), key)
    except TypeError:
        return None


@_each
def test_what_its_signer_says_is_read(what: str) -> None:
    assert _read(what, _KINDS[what].text) is not None


@_each
@settings(max_examples=_FEW)
@given(data=st.data())
def test_any_text_is_a_statement_or_refused(what: str, data: st.DataObject) -> None:
    text = data.draw(st.text() | damaged(_KINDS[what].text))
    found = _read(what, text)
    assert found is None or found == _read(what, _KINDS[what].text)
    with ends(), suppress(DocumentRefused):
        as_representative(text)


@_each
@settings(max_examples=_FEW)
@given(data=st.data())
def test_a_statement_altered_in_one_place_is_refused_or_says_the_same(what: str, data: st.DataObject) -> None:
    found = _read(what, data.draw(altered(_KINDS[what].text)))
    assert found is None or found == _read(what, _KINDS[what].text)


@_each
@settings(max_examples=_FEW)
@given(said=JSON)
def test_anything_that_its_signer_says_is_a_statement_or_refused(what: str, said: object) -> None:
    text = _by_hand(what, said)
    assert text is None or _read(what, text) is None


@_each
@settings(max_examples=_FEW)
@given(data=st.data())
def test_any_member_of_a_statement_is_read_or_refused(what: str, data: st.DataObject) -> None:
    one = _KINDS[what]
    name = data.draw(st.sampled_from(one.members))
    value = data.draw(JSON | MOMENTS | st.sampled_from([_PERSON, _ENTERPRISE, f"identified:{_PERSON}"]))
    said = signed.unchecked(one.text)[one.name] | {name: value}
    text = _by_hand(what, said)
    if text is not None:
        _read(what, text)


@_each
@settings(max_examples=_FEW)
@given(deep=DEEP)
def test_a_statement_nested_without_end_is_refused(what: str, deep: bytes) -> None:
    one = _KINDS[what]
    key = one.key()
    for body in (deep, b'{"%b":%b}' % (one.name.encode(), deep)):
        assert _read(what, compact(head(key), body, key)) is None
    nested = b'{"alg":"%b","kid":"%b","x":%b}' % (key.suite.jose.encode(), key.key_id.encode(), deep)
    assert _read(what, compact(nested, b"{}", key)) is None


@_each
@pytest.mark.parametrize("by", _SYSTEMS)
def test_a_statement_counts_by_a_system_of_its_own_role_alone(what: str, by: str) -> None:
    """Whose word it is about a person the node asks beside this, of the caller's token."""
    one = _KINDS[what]
    text = _by_hand(what, signed.unchecked(one.text)[one.name], by)
    assert text is not None
    assert (_read(what, text) is not None) is (by == one.by)


@_each
@settings(max_examples=_FEW)
@given(said=st.dictionaries(st.sampled_from(["vouched", "mandate", "case", "receipt"]), JSON, min_size=2))
def test_no_document_is_two_statements(what: str, said: dict[str, Any]) -> None:
    one = _KINDS[what]
    key = one.key()
    whole = {one.name: signed.unchecked(one.text)[one.name]}
    with suppress(TypeError):
        assert _read(what, compact(head(key), orjson.dumps(said | whole), key)) is None
