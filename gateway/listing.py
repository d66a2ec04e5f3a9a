"""The list of records that meet a question, by GET and by POST: the story of a federated read, stage by stage."""

from dataclasses import replace

import orjson

from gateway.answering import answer, with_cursor
from gateway.asking import Asker, too_costly
from gateway.binding import bound
from gateway.call import Call, Reply
from gateway.caller import caller_of
from gateway.judging import refused
from gateway.paging import Position, next_link, opened, seal
from gateway.plan import Plan
from gateway.planning import plan_of
from gateway.question import Question, read_question
from gateway.run import Window, run
from gateway.sources import Sources
from gateway.steps import document
from schemas.query.bound import BoundQuery
from schemas.wire import headers as names


async def list_records(call: Call) -> Reply:
    """Parse, bind, refuse early, plan, run, answer: each stage is timed and may refuse."""
    question = await read_question(call)
    call.mark("parse")
    asked = bound(call, question.query, in_url=call.method != "POST")
    call.mark("bind")
    call.caller = caller_of(call.headers)
    position = _position(call, question, asked)
    call.mark("refuse")
    plan = _plan(call, question, asked, position)
    call.mark("plan")
    if question.form == names.PLAN:
        headers = {names.CONTRACT_VERSION: str(asked.contract.major)}
        return Reply(200, orjson.dumps(document(plan)), names.PLAN, headers)
    _judge(call, question, plan)
    sources = _sources(call, plan)
    window = _window(call, question, asked, position)
    found = await run(Asker(call, sources), _shortened(call, plan, window), window)
    call.mark("run")
    reply = answer(question, asked.contract.major, window.passed, found, sources)
    if found.following is not None and question.form != names.OBJECT:
        sealed = seal(call, question.query, asked.contract.major, found.following)
        with_cursor(call, reply, sealed, next_link(call.path, call.parameters, sealed))
    call.mark("answer")
    return reply


def _position(call: Call, question: Question, asked: BoundQuery) -> Position | None:
    if question.cursor is None:
        return None
    return opened(call, question.query, asked.contract.major, question.cursor)


def _plan(call: Call, question: Question, asked: BoundQuery, position: Position | None) -> Plan:
    plan = plan_of(
        asked,
        call.area,
        call.gateway.settings,
        call.caller,
        counted=question.prefer.count_exact,
        start=None if position is None else position.start,
    )
    if position is not None:
        plan = replace(plan, page=position.page)
    return plan


def _judge(call: Call, question: Question, plan: Plan) -> None:
    """Problem when the plan would cost too much, or when a plain answer is refused before anybody is asked."""
    if not question.tolerant:
        for _, problem in plan.refusals():
            raise problem
    limit = call.gateway.settings.cost_limit
    if plan.estimate > limit:
        raise too_costly(plan.estimate, limit)


def _shortened(call: Call, plan: Plan, window: Window) -> Plan:
    """The plan as far as this answer needs it."""
    if call.method == "HEAD":
        # No row is shown, so what only hangs on the rows is not asked for.
        plan = replace(plan, root=replace(plan.root, joins=plan.root.inner))
    if plan.root.inner or window.position is not None:
        # A cursor counts rows in pages of the size that it was made with.
        return plan
    return replace(plan, page=min(plan.page, window.wanted))


def _sources(call: Call, plan: Plan) -> Sources:
    """The sources with those that refuse this question whatever the records are: that hangs on no record."""
    sources = Sources(call.gateway.clock)
    for level, problem in plan.refusals():
        for offer in level.offers:
            sources.missed(level, offer, refused(level, offer, problem))
    return sources


def _window(call: Call, question: Question, asked: BoundQuery, position: Position | None) -> Window:
    most = call.gateway.settings.max_rows
    wanted = most if asked.limit is None else min(most, asked.limit)
    if question.form == names.OBJECT:
        # Two are enough to know that it is not one.
        wanted = min(2, wanted)
    return Window(wanted, asked.offset, position, question.prefer.count_exact)
