"""What all nodes tell a person of their access logs, in one answer with the state of each source, `POST /log/about-me`;
and which of them say that a person represents an enterprise, `POST /log/mandates`. Used by `plane`."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import merge
from typing import Any

import orjson

from gateway.answering import missing_problem
from gateway.call import Call, Reply
from gateway.caller import caller_of
from gateway.peers import Part, ask_all, judge_entries, judge_mandates, missing
from schemas.trust.about import MANDATES, PATH, Ask, place_after, read_ask
from schemas.trust.signed import DocumentRefused
from schemas.trust.vouching import as_representative
from schemas.wire import headers as names
from schemas.wire.problem import Problem

_Action = Callable[[Call], Awaitable[Reply]]


async def tell(call: Call) -> Reply:
    """Parse, ask every node, merge, answer; newest first. Nothing is kept: a page says itself where the next begins."""
    ask = await _asked(call)
    ask = await _with_mandates(call, ask)
    parts = await ask_all(call, PATH, ask, judge_entries)
    call.mark("run")
    if parts and all(one.fault is not None for one in parts):
        raise missing_problem(missing(parts))
    shown, more = _page(parts, ask.limit)
    return _answer(parts, entries=shown, next=place_after(ask.before, shown) if more else None)


async def represented(call: Call) -> Reply:
    """Parse, ask every node, answer: what registers signed."""
    parts = await _mandates(call, await _asked(call))
    call.mark("run")
    return _answer(parts, mandates=[text for one in parts for text in one.given])


#: What is answered at each of these addresses.
ACTIONS: Mapping[str, _Action] = {PATH: tell, MANDATES: represented}


async def _asked(call: Call) -> Ask:
    ask = read_ask(await call.json())
    call.caller = caller_of(call.headers)
    if call.caller.anonymous:
        raise Problem("token-required", "The access log is shown to nobody in particular.")
    call.mark("parse")
    return ask


async def _with_mandates(call: Call, ask: Ask) -> Ask:
    """The ask of who represents an enterprise with the registers' words; Problem not-represented, source-missing."""
    if ask.mandates or not _for_enterprise(ask):
        return ask
    parts = await _mandates(call, ask)
    call.mark("mandates")
    if found := tuple(text for one in parts for text in one.given):
        return replace(ask, mandates=found)
    if lost := missing(parts):
        raise missing_problem(lost)
    raise Problem("not-represented", "No register names this person as who represents this enterprise.")


async def _mandates(call: Call, ask: Ask) -> list[Part]:
    """What registers say; a department that keeps none is no source here."""
    parts = await ask_all(call, MANDATES, ask, judge_mandates)
    return [one for one in parts if not one.silent]


def _for_enterprise(ask: Ask) -> bool:
    try:
        return as_representative(ask.vouched)
    except DocumentRefused:
        # The departments refuse it, each for itself.
        return False


def _page(parts: Sequence[Part], limit: int) -> tuple[list[Any], bool]:
    """The newest entries of all, each once, and whether there are more; whoever has more filled a page."""
    shown: list[Any] = []
    given = [one.given for one in parts]
    for one in _each_once(merge(*given, key=lambda entry: str(entry["at"]), reverse=True)):
        if len(shown) == limit:
            return shown, True
        shown.append(one)
    return shown, any(one.more for one in parts)


def _each_once(entries: Iterator[Any]) -> Iterator[Any]:
    """Two gateways may know the same department."""
    seen = set()
    for one in entries:
        place = (one["node"], one["entry"])
        if place not in seen:
            seen.add(place)
            yield one


def _answer(parts: Sequence[Part], **said: Any) -> Reply:
    sources = [source for one in parts for source in one.sources]
    complete = all(one.complete for one in parts)
    listed = [one.model_dump(mode="json", exclude_none=True) for one in sources]
    return Reply(200, orjson.dumps({**said, "complete": complete, "sources": listed}), names.JSON)
