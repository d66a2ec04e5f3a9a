"""Whether a record says what the caller believes, without showing it (核验): `POST …/verify`."""

from dataclasses import replace
from typing import Any

import orjson

from schemas.query.bind import bind
from schemas.query.tree import Condition, Operator, Place, Query
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.call import Call, Reply

_MEMBERS = ("where", "claims")


async def verify(call: Call) -> Reply:
    """Parse, bind, access, cost, select, answer. A match tells as much as a filter, so it needs the same right."""
    query = _parse(await call.json())
    call.mark("parse")
    bound = bind(query, call.node.catalogue, call.dataset, call.major())
    call.mark("bind")
    call.caller = call.node.gate.caller(call.headers)
    bound = call.node.gate.decide(replace(bound, columns=(), star=False), call.caller)
    call.mark("access")
    call.estimate = await call.node.cost.check(bound)
    call.mark("cost")
    page = await call.node.source.page(bound, limit=1)
    call.mark("select")
    headers = {names.CONTRACT_VERSION: str(bound.contract.major)}
    return Reply(200, orjson.dumps({"match": bool(page.rows)}), names.JSON, headers)


def _parse(members: dict[str, Any]) -> Query:
    if set(members) != set(_MEMBERS) or not all(isinstance(one, dict) and one for one in members.values()):
        raise Problem("bad-body", 'Send "where" and "claims", each an object of items and values.')
    said = [(side, item, value) for side in _MEMBERS for item, value in members[side].items()]
    return Query(where=tuple(_condition(*one) for one in said), limit=1)


def _condition(side: str, item: str, value: object) -> Condition:
    place = Place(side)
    if value is None:
        return Condition(item, Operator.IS, "null", place=place)
    if isinstance(value, bool):
        return Condition(item, Operator.EQ, "true" if value else "false", place=place)
    if isinstance(value, (int, str)):
        return Condition(item, Operator.EQ, str(value), place=place)
    raise Problem("bad-body", f'"{side}" takes text, numbers, true, false and null.')
