"""`POST /log/entries`: the access log, page by page, for the data office that looks who received a wrong value; used by
`app`.

It alone is shown it whose grants this node honours, while one of them asks for it; and that it was, is entered. What it
is shown are the log's own lines: only a log that is whole shows that nothing in it was left out.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from fastapi import FastAPI, Request, Response

from schemas.contracts.model import Contract
from schemas.query.bound import BoundQuery
from schemas.trust.access import require_purpose
from schemas.trust.entries import Act
from schemas.trust.log_page import PATH, Page, PageAsk, read_ask, write_page
from schemas.trust.offices import is_over
from schemas.trust.subjects import Subject, addressed, reader
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.addressing import addresses, keys_of
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.knowing import know_own
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane
from services.engine.log.files import LogUnavailable, lines, segments
from services.engine.node import Node
from services.engine.source.keys import by_keys


def add_log_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(PATH, tags=["control"], summary="A page of the access log, for the data office")
    async def entries(request: Request) -> Response:
        return Told(plane, _show)


async def _show(call: Call) -> Reply:
    """Parse, access, select, answer."""
    ask = read_ask(await call.json())
    contract = call.node.catalogue.contract(ask.dataset)
    call.mark("parse")
    await know_own(call)
    _require(call, contract)
    call.mark("access")
    about = await _about(call.node, contract, ask.record) if ask.record is not None else set()
    call.disclosure = Disclosure(Act.VIEW, contract, subjects=about)
    found = await asyncio.to_thread(_page, call.node.log.folder, ask, call.node.settings.max_answer_bytes)
    call.disclosure.records = len(found)
    call.mark("select")
    subjects = frozenset(call.node.log.recognised(about))
    return Reply(200, write_page(Page(subjects, found)), names.NDJSON)


def _require(call: Call, contract: Contract) -> None:
    """Problem unless the office of this node asks, under a grant that it has in force here, and by a message that is
    for this node alone: another department could pass it on otherwise, and be shown this one's log."""
    gate, caller = call.node.gate, call.caller
    if caller.anonymous or caller.member is None:
        raise Problem("token-required", "The access log is shown to nobody in particular.")
    require_purpose(caller)
    if call.message is None or names.NODE not in call.headers:
        members = {"reason": "missing"}
        raise Problem("bad-message", "the message is refused: it must name this node", members=members)
    office = is_over(gate.registry.value, caller.member, gate.owner)
    if not office or caller.on_behalf is not None or gate.under(contract, caller) is None:
        raise Problem("unknown-path", "Nothing is answered here.")
    call.node.log.require()


async def _about(node: Node, contract: Contract, record_id: str) -> set[Subject]:
    """Whom the record is about, as a look at it by its id is entered."""
    found = set(addressed(contract, addresses(contract, record_id)))
    about, keys = reader(contract, ()), await keys_of(node.source, contract, record_id)
    if about.columns and keys:
        page = await node.source.page(
            BoundQuery(contract, about.columns, where=(by_keys(contract, keys),)), limit=1
        )
        found.update(about.of(page.rows))
    return found


def _page(folder: Path, ask: PageAsk, most_bytes: int) -> tuple[bytes, ...]:
    """The lines that come next, as many as were asked for and fit; LogUnavailable."""
    found: list[bytes] = []
    size = 0
    try:
        for line in islice(_lines_after(folder, ask.after), ask.limit):
            size += len(line)
            if found and size > most_bytes:
                break
            found.append(line.removesuffix(b"\n"))
    except OSError as fault:
        raise LogUnavailable(f"it cannot be read: {fault.strerror}") from None
    return tuple(found)


def _lines_after(folder: Path, after: int) -> Iterator[bytes]:
    """The log's whole lines after the entry of that number, where it stands if the log is whole."""
    known = segments(folder)
    for segment, later in zip(known, [*known[1:], None], strict=True):
        if later is None or later.first > after + 1:
            for line in islice(lines(segment), max(after + 1 - segment.first, 0), None):
                if line.endswith(b"\n"):
                    yield line
