"""A call to the office: who takes the step, what was sent, and what is answered and entered in the access log; used by
`routes`."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import orjson
from pydantic import ValidationError

from schemas.law.sharing.request import Standing
from schemas.law.sharing.steps import StepRefused
from schemas.trust.access import require_purpose
from schemas.trust.entries import Act
from schemas.trust.subjects import kind_of
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.departments.data_office.desk import Outcome
from services.departments.data_office.forms import Form
from services.departments.data_office.matters import K, Matter
from services.departments.data_office.people import People
from services.departments.data_office.requests import lacking
from services.departments.data_office.rules import S
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.knowing import know, refuse_gateway
from services.engine.source.port import Once

F = TypeVar("F", bound=Form)
#: What the office adds to a step, and whoever takes it must learn at once.
_LEARNT = ("decided_by",)


async def admitted(call: Call) -> People:
    """Who calls: a member's own system, that says which officer acts and what for. What a gateway sends on is refused,
    for nobody takes a step for another. Problem token-required, purpose-required, bad-message."""
    await know(call)
    caller = call.caller
    if caller.anonymous or caller.member is None:
        raise Problem("token-required", "A step is taken by a member.")
    refuse_gateway(call)
    require_purpose(caller)
    call.node.log.require()
    call.mark("access")
    return People(caller.member, caller.officer or "", system=caller.system or "")


async def sent(call: Call, form: type[F]) -> F:
    """The body as its form; Problem bad-body with each field that does not fit, and no value."""
    body = await call.body()
    try:
        return form.model_validate_json(body or b"{}")
    except ValidationError as fault:
        wrong = [
            {"item": ".".join(map(str, one["loc"])), "reason": one["msg"]}
            for one in fault.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise Problem(
            "bad-body", "The body does not have the form of this step.", members={"items": wrong}
        ) from None


async def answered(
    call: Call,
    matter: Matter[K],
    once: Once | None,
    again: Callable[[Once], Awaitable[Outcome[K, S] | None]],
    step: Callable[[], Awaitable[Outcome[K, S]]],
) -> Reply:
    """What came of a step, as an answer that the access log knows of; where it was taken `again` under its idempotency
    key, what came of it then. Problem step-refused; KeyReused."""
    contract = call.node.catalogue.contract(matter.steps)
    call.disclosure = Disclosure(Act.WRITE, contract, tuple(sorted(contract.items)))
    try:
        outcome = await _once(once, again, step)
    except StepRefused as fault:
        raise Problem("step-refused", str(fault), members={"reason": fault.code}) from None
    kind = kind_of(contract, contract.items[matter.id_item])
    call.disclosure.subjects.add((kind, outcome.matter_id))
    call.disclosure.records = len(outcome.steps)
    call.mark("write")
    told = {
        matter.id_item: outcome.matter_id,
        "steps": [one.kind.value for one in outcome.steps],
        **outcome.record,
        **(lacking(outcome.standing) if isinstance(outcome.standing, Standing) else {}),
        **{name: one.facts[name] for one in outcome.steps for name in _LEARNT if name in one.facts},
    }
    return Reply(201, orjson.dumps(told), names.JSON)


async def _once(
    once: Once | None,
    again: Callable[[Once], Awaitable[Outcome[K, S] | None]],
    step: Callable[[], Awaitable[Outcome[K, S]]],
) -> Outcome[K, S]:
    if once is None:
        return await step()
    if (before := await again(once)) is not None:
        return before
    try:
        return await step()
    except StepRefused:
        # The same call may have come twice at once: then the first has left nothing to do for the second.
        if (meanwhile := await again(once)) is not None:
            return meanwhile
        raise
