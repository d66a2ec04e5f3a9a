"""One record at its address: `GET /records/{kind}/{dataset}/{record_id}`, with its version as ETag."""

from dataclasses import replace

import orjson

from gateway.answering import missing_problem
from gateway.asking import Asker
from gateway.binding import bound
from gateway.call import Call, Reply
from gateway.caller import caller_of
from gateway.extent import extent
from gateway.joins import Joiner, shaped
from gateway.judging import Row
from gateway.plan import Level
from gateway.planning import lookup_of
from gateway.record_ids import met_by_record_id
from gateway.sources import Sources
from schemas.contracts.model import SYSTEM_ITEMS
from schemas.query.bound import BoundColumn, BoundQuery
from schemas.query.parse import parse_params
from schemas.query.tree import Query
from schemas.wire import headers as names
from schemas.wire.problem import Problem

_RECORD_ID = SYSTEM_ITEMS["record_id"]
_VERSION = SYSTEM_ITEMS["record_version"]


async def read_one(call: Call) -> Reply:
    """Parse, bind, refuse early, plan, run, answer."""
    query = _parse(call)
    call.mark("parse")
    question = bound(call, query, in_url=True)
    call.mark("bind")
    call.caller = caller_of(call.headers)
    version = _version_column(question)
    level = _level(call, question, version)
    call.mark("plan")
    row = await _run(call, level)
    call.mark("run")
    headers = {names.CONTRACT_VERSION: str(question.contract.major)}
    tag = None if call.caller.anonymous else f'"{row.pop(version.name)}"'
    if tag is not None and not question.embeds:
        # The record's version says nothing of the records embedded in it.
        headers["ETag"] = tag
        if call.headers.get("if-none-match") == tag:
            return Reply(304, headers=headers)
    return Reply(200, orjson.dumps(row), names.JSON, headers)


def _parse(call: Call) -> Query:
    query = parse_params(call.parameters)
    if query.where or query.order or query.limit is not None or query.offset:
        raise Problem("unknown-parameter", "One record's address takes select, and filters on its embeds.")
    return query


def _version_column(question: BoundQuery) -> BoundColumn:
    """The record's version under a name that nothing else bears."""
    name = "_version"
    taken = {one.name for one in question.columns} | {one.name for one in question.embeds}
    taken |= set(question.contract.items)
    while name in taken:
        name = f"_{name}"
    return BoundColumn(name, _VERSION)


def _level(call: Call, question: BoundQuery, version: BoundColumn) -> Level:
    if not call.caller.anonymous:
        # Versions are shown to members alone, so an anonymous caller's answer has no tag.
        question = replace(question, columns=(*question.columns, version))
    level = lookup_of(question, call.area, call.gateway.settings, call.caller, _RECORD_ID, 1)
    for one in level.every():
        if one.refusal is not None:
            raise one.refusal
    return level


async def _run(call: Call, level: Level) -> Row:
    """The record with its embeds; Problem unknown-record, or why it cannot be known."""
    sources = Sources(call.gateway.clock)
    joiner = Joiner(Asker(call, sources), call.gateway.settings.join_keys)
    met = await met_by_record_id(joiner, level, [call.record_id])
    rows = [row for each in (met or {}).values() for row in each]
    await joiner.complete(level, rows)
    joiner.asker.allow(extent(level, rows))
    if not sources.complete or joiner.undecided:
        raise missing_problem(sources.missing())
    if not rows:
        raise Problem("unknown-record", "The dataset holds no record with this id.")
    return shaped(level, rows)[0]
