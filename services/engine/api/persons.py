"""What was asked about a person, told to that person out of this node's access log: `POST /log/about-me`; and whether a
person represents an enterprise, by this department's register: `POST /log/mandates`. Used by `plane`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract
from schemas.query.bind import bind
from schemas.query.bound import BoundQuery
from schemas.query.parse import parse_body
from schemas.trust.about import LAST, MANDATES, PATH, place_after, read_ask, told
from schemas.trust.entries import Act
from schemas.trust.mandates import Mandate, sign_mandate
from schemas.trust.model import Grant
from schemas.trust.subjects import reader, searched, spelt
from schemas.trust.vouching import LOOK, Vouched, digest_of
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.access.vouching import not_represented, require_mandate, vouched
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.knowing import know
from services.engine.log.files import LogUnavailable
from services.engine.log.traces import entries
from services.engine.representation import Representation


async def tell(call: Call) -> Reply:
    """Parse, access, select, answer: the newest entries about whoever the caller vouches for."""
    ask = read_ask(await call.json())
    call.mark("parse")
    await know(call)
    found = vouched(call.node.gate, ask, call.caller, LOOK)
    if found.enterprise is not None:
        require_mandate(call.node.gate, ask)
    call.mark("access")
    node = call.node
    call.disclosure = Disclosure(
        Act.VIEW, None, subjects=set(spelt(_contracts(node.catalogue), found.subject))
    )
    subjects = node.log.recognised(call.disclosure.subjects)
    before, now = ask.before.get(node.log.node, LAST), node.clock()
    await node.log.traces.ready()
    grants = node.gate.grants.value.by_id
    shown, more = await asyncio.to_thread(_page, node.log.folder, subjects, before, ask.limit, now, grants)
    call.disclosure.records = len(shown)
    call.mark("select")
    return _json({"entries": shown, "next": place_after({}, shown) if more else None})


async def represented(call: Call) -> Reply:
    """Parse, access, select, answer: this department's word, if its register names the person for the enterprise."""
    ask = read_ask(await call.json())
    call.mark("parse")
    await know(call)
    # The register's word is for this word alone, whatever that is for.
    found = vouched(call.node.gate, ask, call.caller, None)
    call.mark("access")
    register, key = call.node.offered.represents, call.node.log.node_key
    if register is None or key is None:
        raise Problem("unknown-path", "This department says of nobody whom they represent.")
    if found.enterprise is None:
        raise not_represented()
    question = _question(call.node.catalogue, register, found)
    call.disclosure = Disclosure(
        Act.VERIFY,
        question.contract,
        searched=(register.enterprise, register.person),
        subjects=set(searched(question.contract, question.where)),
    )
    page = await call.node.source.page(question, limit=1)
    call.disclosure.show(reader(question.contract, ()), page.rows)
    call.mark("select")
    mandate = Mandate(call.node.log.node, digest_of(ask.vouched))
    return _json({"mandates": [sign_mandate(mandate, key)] if page.rows else []})


#: What is answered at each of these addresses.
ACTIONS: Mapping[str, Callable[[Call], Awaitable[Reply]]] = {PATH: tell, MANDATES: represented}


def _page(
    folder: Path, subjects: Sequence[str], before: int, limit: int, now: datetime, grants: Mapping[str, Grant]
) -> tuple[list[dict[str, Any]], bool]:
    """So many entries as they are told now, newest first, and whether there are more. What may not be told counts for
    nothing, so that an answer is the same with it and without."""
    shown: list[dict[str, Any]] = []
    try:
        for line in entries(folder, subjects, before):
            one = told(line.said, now, grants)
            if one is not None and len(shown) == limit:
                return shown, True
            if one is not None:
                shown.append(one)
    except OSError as fault:
        raise LogUnavailable(f"it cannot be read: {fault.strerror}") from None
    return shown, False


def _question(catalogue: Catalogue, register: Representation, found: Vouched) -> BoundQuery:
    """Whether the register holds a record of both; columns are those that say whom it is about."""
    said = {
        **register.where,
        register.person: f"eq.{found.person}",
        register.enterprise: f"eq.{found.enterprise}",
    }
    bound = bind(parse_body(said), catalogue, register.dataset, None)
    return replace(bound, columns=reader(bound.contract, ()).columns, star=False)


def _contracts(catalogue: Catalogue) -> list[Contract]:
    return [catalogue.contract(one, major) for one in catalogue.datasets() for major in catalogue.majors(one)]


def _json(members: Mapping[str, Any]) -> Reply:
    return Reply(200, orjson.dumps(members), names.JSON)
