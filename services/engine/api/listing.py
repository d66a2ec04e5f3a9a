"""The list of records that meet a question, by GET and by POST: the story of a read, stage by stage."""

from dataclasses import dataclass, replace

from schemas.query.bind import bind
from schemas.query.bound import BoundQuery
from schemas.query.question import from_address, from_body, ranged
from schemas.query.sealed import SEALED, with_sealed
from schemas.query.tree import Query
from schemas.query.unbind import unbind
from schemas.trust.entries import Act
from schemas.trust.follows import Step
from schemas.trust.subjects import reader
from schemas.wire import headers as names
from schemas.wire import preference
from schemas.wire.problem import Problem
from services.engine.api.call import Call, Reply
from services.engine.api.entering import asked
from services.engine.api.knowing import hold, know
from services.engine.api.paging import Position, binding, next_link
from services.engine.api.rows import RowWriter
from services.engine.api.sealing import unsealed

_FORMS = (names.JSON, names.OBJECT)


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question with what the transport says beside it."""

    query: Query
    prefer: preference.Preferences
    one: bool
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Selected:
    """The answer's rows as pieces of JSON, how many, and where a next page begins (None: no row follows)."""

    pieces: list[bytes]
    rows: int
    end: Position | None
    total: int | None


async def list_records(call: Call) -> Reply:
    """Parse, bind, access, cost, select, answer: each stage is timed and may refuse."""
    question = await _parse(call)
    call.mark("parse")
    in_url = call.method != "POST"
    bound = bind(question.query, call.node.catalogue, call.dataset, call.major(), in_url=in_url)
    call.mark("bind")
    await know(call)
    bound = unsealed(call, bound)
    if call.seals:
        # A cursor is bound to the keys themselves: sealed for another question they are other texts.
        question = replace(question, query=unbind(bound))
    decided = call.node.gate.decide(bound, call.caller)
    put, bound = bound, decided.query
    start = _start(call, question, bound)
    await hold(call, Step(put, passed=start.passed, counted=question.prefer.count_exact), decided)
    call.mark("access")
    call.estimate = await call.node.cost.check(bound, counted=question.prefer.count_exact)
    call.mark("cost")
    call.disclosure = await asked(call, Act.COUNT if call.method == "HEAD" else Act.READ, put, decided)
    if call.method == "HEAD":
        bound = replace(bound, columns=())
    selected = await _select(call, question, bound, start)
    call.mark("select")
    return _answer(call, question, bound, start, selected)


async def _parse(call: Call) -> Question:
    form = preference.accepts(call.headers.get("accept", ""), _FORMS)
    prefer = preference.preferences(call.headers.get("prefer", ""))
    if call.method == "POST":
        members = await call.json()
        sealed = members.pop(SEALED, None)
        query, cursor = from_body(members)
        query = with_sealed(query, sealed)
    else:
        query, cursor = from_address(call.parameters)
    query = without_embeds(ranged(query, call.headers.get("range")))
    return Question(query, prefer, form == names.OBJECT, cursor)


def without_embeds(query: Query) -> Query:
    """The query itself; a department knows its own records only, so it refuses embeds."""
    if not query.embeds:
        return query
    place = query.embeds[0].place
    raise Problem(
        "bad-syntax",
        "A department answers for its own records; embeds are answered by the gateway.",
        hint="Ask the gateway, or leave the embed out.",
        members={"parameter": place.parameter, "position": place.offset},
    )


def _start(call: Call, question: Question, bound: BoundQuery) -> Position:
    if question.cursor is None:
        return Position(bound.offset)
    return call.node.seal.open(question.cursor, _binding(call, question, bound), bound, call.node.clock())


def _binding(call: Call, question: Question, bound: BoundQuery) -> bytes:
    return binding(call.caller, call.dataset, bound.contract.major, question.query)


async def _select(call: Call, question: Question, bound: BoundQuery, start: Position) -> Selected:
    assert call.disclosure is not None
    total = await call.node.source.count(bound) if question.prefer.count_exact else None
    wanted = _wanted(call, question, bound)
    call.disclosure.counted = total
    if total is not None and (start.passed or total > wanted):
        await _name_counted(call, bound, total)
    if total is not None and start.passed > total:
        raise Problem(
            "bad-range", "The answer ends before this range.", headers={"Content-Range": f"*/{total}"}
        )
    return replace(await _gather(call, bound, start, wanted), total=total)


async def _name_counted(call: Call, bound: BoundQuery, total: int) -> None:
    """Whom a count of few is about, beyond those shown. A count of many says little of anybody, and is entered as a
    number alone."""
    assert call.disclosure is not None
    subjects = reader(bound.contract, ())
    if 0 < total <= call.node.settings.page_rows and subjects.columns:
        question = replace(bound, columns=subjects.columns, order=(), offset=0)
        page = await call.node.source.page(question, limit=total)
        call.disclosure.subjects.update(subjects.of(page.rows))


def _wanted(call: Call, question: Question, bound: BoundQuery) -> int:
    most = call.node.settings.max_rows
    wanted = most if bound.limit is None else min(most, bound.limit)
    # Two are enough to know that it is not one.
    return min(2, wanted) if question.one else wanted


async def _gather(call: Call, bound: BoundQuery, start: Position, wanted: int) -> Selected:
    """Walk the pages, keeping JSON alone; ends at `wanted` rows or at the node's limit of bytes.

    The whole page is gathered before a header is sent, because a header says where the next page begins.
    """
    assert call.disclosure is not None
    settings = call.node.settings
    writer, subjects = RowWriter(bound.columns, call.seals), reader(bound.contract, bound.columns)
    bound = replace(bound, columns=subjects.columns)
    pieces: list[bytes] = []
    rows = size = 0
    after = start.after
    while rows < wanted:
        page = await call.node.source.page(bound, limit=min(settings.page_rows, wanted - rows), after=after)
        if page.rows:
            pieces.append(writer.members(page.rows))
            call.disclosure.show(subjects, page.rows)
        rows += len(page.rows)
        size += len(pieces[-1]) if page.rows else 0
        after = page.last
        if after is None or size >= settings.max_answer_bytes:
            break
    end = Position(start.passed + rows, after) if rows and after is not None else None
    return Selected(pieces, rows, end, None)


def _answer(call: Call, question: Question, bound: BoundQuery, start: Position, selected: Selected) -> Reply:
    headers = {
        names.CONTRACT_VERSION: str(bound.contract.major),
        "Content-Range": preference.content_range(start.passed, selected.rows, selected.total),
    }
    if applied := question.prefer.applied():
        headers["Preference-Applied"] = applied
    if question.one:
        return Reply(200, _only(selected), names.OBJECT, headers)
    if selected.end is not None:
        sealed = call.node.seal.seal(_binding(call, question, bound), selected.end, call.node.clock())
        headers[names.NEXT] = sealed
        if call.method != "POST":
            headers["Link"] = next_link(call.path, call.parameters, sealed)
    partial = selected.total is not None and selected.rows < selected.total
    body = b"[" + b",".join(selected.pieces) + b"]"
    return Reply(206 if partial else 200, body, names.JSON, headers)


def _only(selected: Selected) -> bytes:
    if selected.rows != 1:
        # The words are PostgREST's: its clients read them.
        found = "0 rows" if selected.rows == 0 else "more than one row"
        raise Problem(
            "not-one-record",
            "Cannot coerce the result to a single JSON object.",
            members={"details": f"The result contains {found}"},
        )
    return selected.pieces[0]
