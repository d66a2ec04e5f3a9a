"""Calls of one question to nodes: each within the deadline, judged, and entered as a source; used by every read."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

import orjson

from gateway.area import Offer
from gateway.call import Call
from gateway.caller import passed_on
from gateway.evidence import asked_for, called
from gateway.handing import beside, signed_question
from gateway.judging import Page, fault_state, page_of, refused
from gateway.nodes import NodeAnswer, NodeFault
from gateway.plan import Level
from gateway.sources import Missing, Sources
from schemas.query.bound import BoundCondition
from schemas.query.render import render_body
from schemas.query.sealed import SEALED, met_too
from schemas.query.tree import Query
from schemas.query.unbind import filter_of, unbind
from schemas.trust.follows import needs_question
from schemas.trust.message import Message
from schemas.wire import headers as names
from schemas.wire.answer import SourceState
from schemas.wire.problem import Problem

_log = logging.getLogger("langqiao.gateway")
T = TypeVar("T")
#: From a node's answer to what it is worth, and how many records that is. Raises Missing or Problem.
Judge = Callable[[NodeAnswer], tuple[T, int]]


@dataclass(slots=True)
class Asker:
    """One question's way to its nodes. `touched` counts the records fetched so far, against the cost limit."""

    call: Call
    sources: Sources
    touched: int = 0
    #: The caller's signed question, which goes on to whoever needs it; None: it signed none.
    question_signed: bytes | None = field(init=False)
    _bodies: dict[int, Mapping[str, object]] = field(default_factory=dict)
    _turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.question_signed = signed_question(self.call)

    async def rows(
        self,
        level: Level,
        offer: Offer,
        *,
        narrowed: BoundCondition | None = None,
        limit: int | None = None,
        offset: int = 0,
        cursor: str | None = None,
        counted: bool = False,
    ) -> Page:
        """One page of a node's rows; raises Missing (entered as such), or Problem for the whole question."""
        sent = self.question(level, narrowed)
        more = (("limit", limit), ("offset", offset or None), ("cursor", cursor))
        sent.update((name, value) for name, value in more if value is not None)

        def judge(answer: NodeAnswer) -> tuple[Page, int]:
            page = page_of(level, offer, answer, narrowed=narrowed, limit=limit, counted=counted)
            return page, len(page.rows)

        return await self.ask(level, offer, "query", sent, judge, counted=counted)

    async def ask(
        self,
        level: Level,
        offer: Offer,
        verb: str,
        sent: Mapping[str, object],
        judge: Judge[T],
        *,
        counted: bool = False,
    ) -> T:
        """One call to `/records/{kind}/{dataset}/{verb}`, as judged. Always by POST: no value stands in an address."""
        began = monotonic()
        try:
            if level.refusal is not None:
                raise refused(level, offer, level.refusal)
            turn = self._turns.setdefault(
                offer.node, asyncio.Semaphore(self.call.gateway.settings.calls_per_node)
            )
            async with turn:
                self.sources.asking(level, offer)
                answer = await self._send(level, offer, verb, sent, counted)
                self.sources.vouched(level, offer, answer.headers.get(names.RECEIPT))
                result, rows = judge(answer)
        except Missing as fault:
            if self.sources.missed(level, offer, fault, monotonic() - began):
                said = (offer.node, level.dataset, fault.state, fault.code, self.call.question)
                _log.warning("missing node=%s dataset=%s state=%s code=%s question=%s", *said)
            raise
        self.sources.answered(level, offer, rows, monotonic() - began)
        self._touch(rows)
        return result

    async def _send(
        self, level: Level, offer: Offer, verb: str, sent: Mapping[str, object], counted: bool
    ) -> NodeAnswer:
        seconds = self.call.nodes_until() - monotonic()
        if seconds <= 0:
            raise Missing(SourceState.SLOW, "deadline-passed")
        question = self._handed_to(level)
        headers = {
            **passed_on(self.call.headers),
            "content-type": names.JSON if question is None else names.SUBCALL,
            "accept": names.NDJSON if verb == "lookup" else names.JSON,
            names.QUESTION: self.call.question,
            names.DEADLINE: str(max(1, int(seconds * 1_000))),
            names.HOPS: str(self.call.hops() + 1),
            names.CONTRACT_VERSION: str(level.asked.contract.major),
            **asked_for(self.call.headers, verb),
        }
        if counted:
            headers["prefer"] = "count=exact"
        path = f"/records/{level.dataset.replace('.', '/', 1)}/{verb}"
        body = beside(question, orjson.dumps(sent))
        sent_on = Message("POST", path, "", headers, body)
        try:
            answer, parts = await called(self.call.gateway, offer.node, offer.url, sent_on, seconds)
        except NodeFault as fault:
            raise fault_state(fault) from None
        self.sources.proved(level, offer, parts)
        return answer

    def _handed_to(self, level: Level) -> bytes | None:
        """The caller's question, for those who keep what is given for one alone; nobody else need read it."""
        return self.question_signed if needs_question(level.asked.contract.items.values()) else None

    def question(self, level: Level, narrowed: BoundCondition | None = None) -> dict[str, object]:
        """The level's question in its POST form, with one more condition."""
        if id(level) not in self._bodies:
            self._bodies[id(level)] = render_body(unbind(level.asked))
        body = dict(self._bodies[id(level)])
        if narrowed is not None and narrowed.sealed_for is not None:
            body[SEALED] = met_too(body.get(SEALED), filter_of(narrowed))
        elif narrowed is not None:
            for name, text in render_body(Query(where=(filter_of(narrowed),))).items():
                before = body.get(name)
                body[name] = [*(before if isinstance(before, list) else [before]), text] if before else text
        return body

    def allow(self, records: int) -> None:
        """Problem too-costly when so many records are more than one question may fetch, or show."""
        limit = self.call.gateway.settings.cost_limit
        if records > limit:
            raise too_costly(records, limit)

    def _touch(self, rows: int) -> None:
        self.touched += rows
        self.allow(self.touched)


def too_costly(estimate: int, limit: int) -> Problem:
    """The question fetches, or would fetch, more records than are allowed."""
    return Problem(
        "too-costly",
        f"The question fetches about {estimate} records from all departments; {limit} are allowed.",
        members={"estimate": estimate, "limit": limit},
    )


async def together(*work: Any) -> list[Any]:
    """The results of several awaitables run at the same time; the first fault ends the others and is raised."""
    if len(work) == 1:
        return [await work[0]]
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
