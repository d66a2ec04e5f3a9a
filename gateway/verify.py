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
from schemas.query.question import claims
from schemas.trust.evidence_answer import wanted
from schemas.wire import headers as names


async def verify(call: Call) -> Reply:
    """Parse, bind, refuse early, run, answer: a match at one node is a match; none is one only when all answered."""
    sent = await call.json()
    query = claims(sent)
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
    said: dict[str, Any] = {"match": True in found}
    if wanted(call.headers):
        said["sources"] = sources.document()
    return Reply(200, orjson.dumps(said), names.JSON, headers)


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
