"""What is taken away ends answers that are under way: before each piece goes, it is looked at again whether its caller
may have it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from fastapi import FastAPI

from schemas.trust import signed
from schemas.trust.message import Message, sign
from services.engine.api.app import create_app
from services.engine.api.cost import Cost
from services.engine.settings import Settings
from services.engine.source.port import RecordSource
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, CASE, GATEWAY, Trust, client_of, ready
from tests.services.engine.api.logged import entries_of
from tests.waiting import until

_VEHICLES = f"/records/{office.KIND}/vehicles"
_OWNERS = {"select": "plate,owner_id"}
_PLATES = {"select": "colour", "record_ids": [f"A{number}" for number in range(450)]}


@dataclass
class Told:
    """What came of a call before it ended: the pieces of its body, and whether the server may call it whole."""

    pieces: list[bytes] = field(default_factory=list)
    whole: bool = False


@dataclass
class Node:
    """A running office, what it trusts, and whoever asks it with a piece of the answer in hand."""

    app: FastAPI
    trust: Trust
    clock: Clock

    def look(self) -> None:
        """Have it take up its files, as it does each second."""
        self.app.plane.node.gate.refresh()  # type: ignore[attr-defined]

    def grants(self, number: int, *listed: dict[str, Any]) -> None:
        expires = (self.clock.now + timedelta(hours=1)).isoformat()
        document = {"number": number, "expires": expires, "grants": list(listed)}
        (self.trust.folder / "grants.jws").write_text(signed.sign(document, self.trust.authority))
        self.look()

    def without(self, *systems: str) -> None:
        """A newer registry, without some of the systems."""
        path = self.trust.folder / "registry.jws"
        said = signed.unchecked(path.read_text())
        said["members"] = [one for one in said["members"] if one["system"] not in systems]
        path.write_text(signed.sign({**said, "number": said["number"] + 1}, self.trust.authority))
        self.look()

    async def ask(
        self, verb: str, body: dict[str, Any], meanwhile: Callable[[], None], sender: str = "", **who: str
    ) -> Told:
        """By somebody who takes the first piece and waits until something has happened."""
        path, told = f"{_VEHICLES}/{verb}", Told()
        said = self.trust.headers(ASKER, **who) | {"Langqiao-Node": office.OWNER}
        headers = {name.lower(): text for name, text in said.items()}
        question = Message("POST", path, "", headers, orjson.dumps(body))
        key = self.trust.systems[sender or f"{ASKER}/window"]
        headers |= sign(question, key, datetime.now(UTC)) | {"content-type": "application/json"}
        asked = iter([{"type": "http.request", "body": question.body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(asked, None) or await asyncio.Future()

        async def send(message: Any) -> None:
            if message["type"] != "http.response.body":
                return
            told.whole = not message.get("more_body", False)
            if message["body"]:
                told.pieces.append(message["body"])
                if len(told.pieces) == 1:
                    meanwhile()

        raw = [(name.encode(), text.encode()) for name, text in headers.items()]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
        await self.app({**scope, "query_string": b"", "headers": raw}, receive, send)
        return told


@pytest.fixture
async def node(app: FastAPI, trust: Trust, clock: Clock) -> Node:
    async with client_of(app, {}) as anybody:
        await until(lambda: ready(anybody))
    return Node(app, trust, clock)


async def _follow(node: Node, meanwhile: Callable[[], None]) -> Told:
    return await node.ask("changes", _OWNERS, meanwhile, purpose="grant:G-1")


async def test_a_grant_that_is_suspended_ends_its_answers_with_the_piece_that_went(
    node: Node, settings: Settings
) -> None:
    told = await _follow(node, lambda: node.grants(2))
    assert (len(told.pieces), told.whole) == (1, False), "nobody can take it for the whole answer"
    assert [one["records"] for one in entries_of(settings)] == [10]


async def test_a_grant_that_ends_by_its_date_ends_its_answers_too(node: Node) -> None:
    def later() -> None:
        node.clock.now += timedelta(days=31)

    told = await _follow(node, later)
    assert (len(told.pieces), told.whole) == (1, False)


async def test_a_grant_that_is_signed_anew_as_it_was_goes_on_and_one_of_other_rows_does_not(
    node: Node, trust: Trust, clock: Clock
) -> None:
    [grant] = signed.unchecked((trust.folder / "grants.jws").read_text())["grants"]
    same = await _follow(node, lambda: node.grants(2, grant))
    assert same.whole
    assert b'"end"' in same.pieces[-1]
    other = await _follow(node, lambda: node.grants(3, {**grant, "rows": "colour.eq.green"}))
    assert (len(other.pieces), other.whole) == (1, False)


async def test_of_two_grants_that_are_named_the_one_that_is_leaned_on_ends_answers_and_the_other_does_not(
    node: Node, trust: Trust
) -> None:
    [grant] = signed.unchecked((trust.folder / "grants.jws").read_text())["grants"]
    both, other = "grant:G-0,G-1", {**grant, "id": "G-0"}
    begun = await node.ask("changes", _OWNERS, lambda: node.grants(2, grant, other), purpose=both)
    assert begun.whole, "that one began meanwhile takes nothing away"
    ended = await node.ask("changes", _OWNERS, lambda: node.grants(3, grant), purpose=both)
    assert (len(ended.pieces), ended.whole) == (1, False), "what one gave is not given by another"


async def test_what_was_begun_under_a_name_that_nobody_is_told_of_stays_untold_when_that_is_suspended(
    node: Node, trust: Trust, settings: Settings
) -> None:
    [grant] = signed.unchecked((trust.folder / "grants.jws").read_text())["grants"]
    node.grants(2, {**grant, "untold": "监察法 第十八条"})
    told = await node.ask("lookup", _PLATES, lambda: node.grants(3), purpose="grant:G-1")
    assert told.whole, "it leans on no grant"
    assert [one.get("untold") for one in entries_of(settings)] == ["监察法 第十八条"] * len(told.pieces[:-1])


@pytest.mark.parametrize("sender", [f"{ASKER}/window", GATEWAY])
async def test_who_asks_or_sends_on_and_is_no_member_any_more_is_told_no_further(
    node: Node, settings: Settings, sender: str
) -> None:
    told = await node.ask("lookup", _PLATES, lambda: node.without(sender), sender, purpose=CASE)
    assert (len(told.pieces), told.whole) == (1, False)
    assert len(entries_of(settings)) == 1


async def test_a_registry_without_somebody_else_ends_nobodys_answer(node: Node) -> None:
    told = await node.ask("lookup", _PLATES, lambda: node.without(GATEWAY), purpose=CASE)
    assert told.whole
    assert b'"end"' in told.pieces[-1]


async def test_no_piece_goes_by_a_registry_that_has_expired(node: Node) -> None:
    def later() -> None:
        node.clock.now += timedelta(days=31)

    told = await node.ask("lookup", _PLATES, later, purpose=CASE)
    assert (len(told.pieces), told.whole) == (1, False)


@dataclass
class Slow:
    """A store that lets something happen while it does what is named, and asks another."""

    of: RecordSource
    meanwhile: Callable[[], None]
    at: str = "page"

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.of, name)

        async def slowly(*of: Any, **how: Any) -> Any:
            found = await real(*of, **how)
            self.meanwhile()
            return found

        return slowly if name == self.at else real


async def test_an_answer_in_one_piece_is_refused_where_its_grant_was_suspended_while_it_was_read(
    node: Node, settings: Settings
) -> None:
    plane: Any = node.app.plane  # type: ignore[attr-defined]
    plane.node = replace(plane.node, source=Slow(plane.node.source, lambda: node.grants(2)))
    who = node.trust.headers(ASKER, purpose="grant:G-1")
    async with client_of(node.app, who, node.trust) as granted:
        listed = await granted.get(f"{_VEHICLES}?select=owner_id")
    assert (listed.status_code, listed.json()["code"]) == (403, "grant-required")
    assert listed.json()["items"] == ["owner_id"]
    assert entries_of(settings) == []


def _once_decided(node: Node, settings: Settings, meanwhile: Callable[[], None]) -> None:
    """Have something happen each time a question was decided and what it costs is looked at."""
    plane: Any = node.app.plane  # type: ignore[attr-defined]
    slow: Any = Slow(plane.node.source, meanwhile, "estimate")
    plane.node = replace(plane.node, cost=Cost(slow, settings, node.clock))


_BY_OWNER: dict[str, dict[str, Any]] = {
    "query": {"select": "plate,owner_id"},
    "changes": _OWNERS,
    "lookup": {"by": "owner_id", "keys": [office.owner_id(0)], "select": "plate"},
    "verify": {"where": {"plate": "A00"}, "claims": {"owner_id": office.owner_id(0)}},
}


@pytest.mark.parametrize("verb", _BY_OWNER)
async def test_nothing_is_given_on_a_grant_that_is_suspended_as_soon_as_the_question_was_decided(
    node: Node, settings: Settings, verb: str
) -> None:
    _once_decided(node, settings, lambda: node.grants(2))
    who = node.trust.headers(ASKER, purpose="grant:G-1")
    async with client_of(node.app, who, node.trust) as granted:
        refused = await granted.post(f"{_VEHICLES}/{verb}", json=_BY_OWNER[verb])
    assert (refused.status_code, refused.json()["code"]) == (403, "grant-required")
    assert entries_of(settings) == []


@pytest.mark.parametrize("verb", _BY_OWNER)
async def test_what_one_grant_gave_is_not_entered_under_another_that_is_named_too(
    node: Node, trust: Trust, settings: Settings, verb: str
) -> None:
    [grant] = signed.unchecked((trust.folder / "grants.jws").read_text())["grants"]
    other = {**grant, "id": "G-2", "items": ["colour"], "rows": "plate.eq.A01", "quota_per_day": 1}
    node.grants(2, grant, other)
    _once_decided(node, settings, lambda: node.grants(3, other))
    who = node.trust.headers(ASKER, purpose="grant:G-1,G-2")
    async with client_of(node.app, who, node.trust) as granted:
        refused = await granted.post(f"{_VEHICLES}/{verb}", json=_BY_OWNER[verb])
    assert (refused.status_code, refused.json()["code"]) == (403, "grant-required")
    assert entries_of(settings) == []


async def test_what_a_system_wrote_is_entered_though_it_was_removed_meanwhile(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, trust.headers(office.OWNER), trust) as owner:
        node, plane = Node(app, trust, clock), app.plane  # type: ignore[attr-defined]
        writing = Slow(plane.node.source, lambda: node.without(f"{office.OWNER}/window"))
        plane.node = replace(plane.node, source=writing)
        gone = await owner.delete(f"{_VEHICLES}/A00", headers={"If-Match": "*"})
        assert gone.status_code == 204
        assert (await owner.get(f"{_VEHICLES}?select=plate")).status_code == 401
    assert [one["act"] for one in entries_of(settings)] == ["write"]
