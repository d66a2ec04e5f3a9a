"""Whether a record says what the caller believes, without showing it (核验): `POST …/verify`."""

from dataclasses import replace

import orjson

from schemas.query.bind import bind
from schemas.query.bound import BoundQuery
from schemas.query.question import claims
from schemas.trust.entries import Act
from schemas.trust.follows import Step
from schemas.trust.subjects import reader
from schemas.wire import headers as names
from services.engine.api.call import Call, Reply
from services.engine.api.entering import asked
from services.engine.api.knowing import hold, know

#: Of so many records at most a denied claim is entered by whom they are about.
_FEW = 100


async def verify(call: Call) -> Reply:
    """Parse, bind, access, cost, select, answer. A match tells as much as a filter, so it needs the same right."""
    members = await call.json()
    query = claims(members)
    call.mark("parse")
    bound = bind(query, call.node.catalogue, call.dataset, call.major())
    call.mark("bind")
    await know(call)
    put = replace(bound, columns=(), star=False)
    decided = call.node.gate.decide(put, call.caller)
    await hold(call, Step(put), decided)
    bound = decided.query
    call.mark("access")
    call.estimate = await call.node.cost.check(bound)
    call.mark("cost")
    call.disclosure = await asked(call, Act.VERIFY, put, decided)
    subjects = reader(bound.contract, ())
    page = await call.node.source.page(replace(bound, columns=subjects.columns), limit=1)
    call.disclosure.show(subjects, page.rows)
    if not page.rows and subjects.columns:
        await _name_known(call, put, bound, len(members["where"]))
    call.mark("select")
    headers = {names.CONTRACT_VERSION: str(bound.contract.major)}
    return Reply(200, orjson.dumps({"match": bool(page.rows)}), names.JSON, headers)


async def _name_known(call: Call, put: BoundQuery, bound: BoundQuery, known: int) -> None:
    """A no says something of those too whom `where` alone meets, its first conditions; of few, that is."""
    assert call.disclosure is not None
    subjects = reader(bound.contract, ())
    scope = bound.where[len(put.where) :]
    question = replace(bound, columns=subjects.columns, where=(*put.where[:known], *scope))
    page = await call.node.source.page(question, limit=_FEW)
    call.disclosure.subjects.update(subjects.of(page.rows))
