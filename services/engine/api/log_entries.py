"""`POST /log/entries`: the access log, page by page, for the data office that looks who received a wrong value; used by
`app`.

It alone is shown it whose grants this node honours, while one of them asks for it; and that it was, is entered. What it
is shown are the log's own lines: only a log that is whole shows that nothing in it was left out. Beside them
stands, of the record that is said to be wrong, what neither the log says nor its topics.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from fastapi import FastAPI, Request, Response

from schemas.contracts.model import Contract
from schemas.trust.access import require_purpose
from schemas.trust.entries import Act
from schemas.trust.log_page import PATH, Page, PageAsk, read_ask, write_page
from schemas.trust.subjects import Subject, reader
from schemas.wire import headers as names
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.for_office import looked_at, named_by, require_office, unknown_path
from services.engine.api.knowing import know_own
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane
from services.engine.capture import dirty
from services.engine.capture.database import DatabaseAway
from services.engine.log.files import LogUnavailable, lines, segments
from services.engine.source.port import SourceAway


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
    call.disclosure, about, told = Disclosure(Act.VIEW, contract), set[Subject](), False
    if ask.record is not None:
        told = await _all_told(call, contract, ask.record)
        about = set(reader(contract, ()).of(await looked_at(call.node, contract, ask.record)))
        call.disclosure.subjects = about | named_by(contract, ask.record)
    found = await asyncio.to_thread(_page, call.node.log.folder, ask, call.node.settings.max_answer_bytes)
    call.disclosure.records = len(found)
    call.mark("select")
    subjects = frozenset(call.node.log.recognised(about))
    return Reply(200, write_page(Page(subjects, found, told)), names.NDJSON)


def _require(call: Call, contract: Contract) -> None:
    """Problem unless the office of this node asks, under a grant that it has in force here."""
    require_office(call)
    require_purpose(call.caller)
    if call.node.gate.under(contract, call.caller) is None:
        raise unknown_path()


async def _all_told(call: Call, contract: Contract, record_id: str) -> bool:
    try:
        return await call.node.standing.database.read(dirty.all_told, contract.dataset, record_id)
    except DatabaseAway as away:
        raise SourceAway from away


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
