"""Writes by the department's own systems: create, replace, merge-patch and delete one record."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from urllib.parse import quote
from zoneinfo import ZoneInfo

import orjson

from schemas.contracts.model import Contract
from schemas.query.bound import BoundQuery, Value
from schemas.trust.entries import Act
from schemas.trust.subjects import reader
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.addressing import key_of, unknown_record
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.knowing import know_own
from services.engine.api.validation import changes, replacement, whole_record
from services.engine.source.keys import by_keys
from services.engine.source.port import Key, Once, Version, Written

_MERGE_PATCH = "application/merge-patch+json"
_LEGAL_TIME = ZoneInfo("Asia/Shanghai")
_Check = Callable[[Contract, Mapping[str, object], Key, date], dict[str, Value]]


async def create(call: Call) -> Reply:
    """A new record: 201 with its address; sent again under its idempotency key, the same answer."""
    contract = await _admit(call)
    sent = await call.json()
    call.mark("parse")
    values = whole_record(contract, sent, _today(call))
    call.mark("validate")
    _discloses(call, contract, values)
    written = await call.node.source.create(contract.dataset, contract.major, values, _once(call, sent))
    call.mark("write")
    reply = _written(contract, written, 201)
    reply.headers["Location"] = f"{call.path.rstrip('/')}/{quote(written.record_id, safe='~')}"
    return reply


async def replace(call: Call) -> Reply:
    """Every item but the key's takes the value sent, or null."""
    return await _change(call, names.JSON, replacement)


async def patch(call: Call) -> Reply:
    """A merge-patch (RFC 7396): items sent take their value, null takes one away, others stay."""
    return await _change(call, _MERGE_PATCH, changes)


async def delete(call: Call) -> Reply:
    """The record goes; its deletion is published."""
    contract = await _admit(call)
    tags = _if_match(call)
    key = await key_of(call.node.source, contract, call.record_id)
    await _discloses_of(call, contract, key, {})
    expected = await _expected(call, contract, key, tags)
    await call.node.source.delete(contract.dataset, key, expected)
    call.mark("write")
    return Reply(204, headers={names.CONTRACT_VERSION: str(contract.major)})


async def _change(call: Call, media_type: str, check: _Check) -> Reply:
    contract = await _admit(call)
    tags = _if_match(call)
    sent = await call.json(media_type)
    call.mark("parse")
    key = await key_of(call.node.source, contract, call.record_id)
    values = check(contract, sent, key, _today(call))
    call.mark("validate")
    await _discloses_of(call, contract, key, values)
    expected = await _expected(call, contract, key, tags)
    written = await call.node.source.change(contract.dataset, contract.major, key, values, expected)
    call.mark("write")
    return _written(contract, written, 200)


async def _admit(call: Call) -> Contract:
    """The contract written under, for a system of the owner that says who acts and what for."""
    if call.node.offered.by_steps:
        told = "These records are written by steps that keep the law: see /docs for them."
        raise Problem("method-not-allowed", told, headers={"Allow": "GET, HEAD"})
    contract = call.node.catalogue.contract(call.dataset, call.major())
    await know_own(call)
    call.node.gate.decide_write(contract, call.caller)
    # The entry comes before the answer; a log that is known to take none stops the write as well.
    call.node.log.require()
    call.mark("access")
    return contract


def _discloses(call: Call, contract: Contract, values: Mapping[str, Value]) -> Disclosure:
    """What the answer to a write discloses; set before the write, for a refusal may tell of the record as well."""
    subjects = reader(contract, ()).of([[values.get(name) for name in contract.subjects]])
    found = Disclosure(Act.WRITE, contract, tuple(sorted(values)), subjects=set(subjects), records=1)
    call.disclosure = found
    return found


async def _discloses_of(call: Call, contract: Contract, key: Key, values: Mapping[str, Value]) -> None:
    """The same of a record that stands: it is also about whom it was about before."""
    disclosure = _discloses(call, contract, values)
    subjects = reader(contract, ())
    question = BoundQuery(contract, subjects.columns, where=(by_keys(contract, [key]),))
    page = await call.node.source.page(question, limit=1)
    disclosure.subjects.update(subjects.of(page.rows))


def _if_match(call: Call) -> list[str]:
    tags = [tag.strip() for tag in call.headers.get("if-match", "").split(",") if tag.strip()]
    if not tags:
        raise Problem(
            "precondition-required", "A change says which version it changes: If-Match with the ETag read."
        )
    return tags


async def _expected(call: Call, contract: Contract, key: Key, tags: list[str]) -> Version | None:
    """The version that must still stand; None when the caller takes any. Problem stale-version."""
    if "*" in tags:
        return None
    known = [version for tag in tags if (version := _version(tag)) is not None]
    if len(known) == 1:
        return known[0]
    now = await call.node.source.version(contract.dataset, key)
    if now is None:
        raise unknown_record()
    if now not in known:
        raise Problem("stale-version", "The record is not at any of the versions in If-Match.")
    return now


def _version(tag: str) -> Version | None:
    """The version in a strong entity tag; a weak or foreign one matches nothing."""
    try:
        return Version.parse(tag[1:-1]) if tag[0] == tag[-1] == '"' else None
    except ValueError:
        return None


def once_key(call: Call) -> str | None:
    """The caller's idempotency key, its own to each system; None where it sends none. Problem bad-body."""
    key = call.headers.get(names.IDEMPOTENCY_KEY, "")
    if len(key) > 200:
        raise Problem("bad-body", "An Idempotency-Key has at most 200 characters.")
    return f"{call.caller.system}:{key}" if key else None


def _once(call: Call, sent: Mapping[str, object]) -> Once | None:
    """The caller's idempotency key, with a digest of what was sent under it."""
    key = once_key(call)
    if key is None:
        return None
    digest = hashlib.sha256(orjson.dumps([call.asked_major(), sent], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Once(key, digest)


def _written(contract: Contract, written: Written, status: int) -> Reply:
    body = orjson.dumps({"record_id": written.record_id, "record_version": str(written.version)})
    headers = {names.CONTRACT_VERSION: str(contract.major), "ETag": f'"{written.version}"'}
    return Reply(status, body, names.JSON, headers)


def _today(call: Call) -> date:
    return call.node.clock().astimezone(_LEGAL_TIME).date()
