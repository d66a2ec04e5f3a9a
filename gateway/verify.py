"""Whether a record says what the caller believes, without showing it (核验): `POST …/verify`."""

from dataclasses import replace
from typing import Any

import orjson

from gateway.answering import missing_problem
from gateway.area import Offer
from gateway.asking import Asker, together
from gateway.binding import bound
from gateway.call import Call, Reply
from gateway.caller import caller_of
from gateway.judging import accepted, faulty
from gateway.nodes import NodeAnswer
from gateway.plan import Level
from gateway.planning import plan_of
from gateway.sources import Missing, Sources
from schemas.query.tree import Condition, Operator, Place, Query
from schemas.wire import headers as names
from schemas.wire.problem import Problem

_MEMBERS = ("where", "claims")


async def verify(call: Call) -> Reply:
    """Parse, bind, refuse early, run, answer: a match at one node is a match; none is one only when all answered."""
    sent = await call.json()
    query = _parse(sent)
    call.mark("parse")
    question = bound(call, query)
    call.mark("bind")
    call.caller = caller_of(call.headers)
    question = replace(question, columns=(), star=False)
    level = plan_of(question, call.area, call.gateway.settings, call.caller).root
    if level.refusal is not None:
        raise level.refusal
    call.mark("plan")
    sources = Sources(call.gateway.clock)
    asker = Asker(call, sources)
    found = await together(*(_match(asker, level, offer, sent) for offer in level.offers))
    call.mark("run")
    if True not in found and None in found:
        raise missing_problem(sources.missing())
    headers = {names.CONTRACT_VERSION: str(question.contract.major)}
    return Reply(200, orjson.dumps({"match": True in found}), names.JSON, headers)


async def _match(asker: Asker, level: Level, offer: Offer, sent: dict[str, Any]) -> bool | None:
    """One node's word; None when it is missing."""

    def judge(answer: NodeAnswer) -> tuple[bool, int]:
        accepted(level, offer, answer, (200,))
        try:
            match = orjson.loads(answer.body)["match"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            raise faulty() from None
        if not isinstance(match, bool):
            raise faulty()
        return match, int(match)

    try:
        return await asker.ask(level, offer, "verify", sent, judge)
    except Missing:
        return None


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
