"""Whatever contracts, grants and questions there are, nothing that a caller may not see leaves a node: not in an
answer, not in what answers tell of it, and not in anything else that a node gives away."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.trust import keys
from schemas.wire import headers as names
from tests.flow.access import topics
from tests.flow.access.calling import WHO, made
from tests.flow.access.declared import department
from tests.flow.access.wishes import OWNER, Wish, questions, told, wishes
from tests.flow.access.world import GATEWAY, Clock, Trust, World, refilled, running

#: Departments, and questions to each.
_FEW, _MANY, _QUESTIONS = 3, 20, 40
#: A department that fails is shown as it is: to make it smaller would start hundreds of them.
_PHASES = (Phase.explicit, Phase.generate)
#: The test's own parts tell what they do.
_NOT_OURS = ("httpx", "httpcore", "asyncio")
_GRANTED = {"member": "330200.approvals", "purpose": "核验"}


@dataclass(frozen=True)
class Case:
    """A department, and what it is asked."""

    wish: Wish
    asked: list[dict[str, Any]]


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    wish = draw(wishes())
    return Case(wish, draw(st.lists(questions(wish), min_size=_QUESTIONS, max_size=_QUESTIONS)))


@asynccontextmanager
async def _running(folder: Path, wish: Wish) -> AsyncIterator[World]:
    systems = {system: keys.new_key() for system in (*{one for one, _ in WHO.values()}, GATEWAY)}
    trust = Trust(folder, Clock(), systems)
    trust.write_registry()
    dates = {"not_before": trust.clock.start.isoformat(), "expires": trust.in_days(9)}
    trust.write_grants([{**one.said(), **_GRANTED, **dates} for one in wish.grants.values()])
    datasets = tuple(wish.datasets.values())
    async with running(folder, trust, {OWNER: datasets}, lambda member: wish.records) as world:
        yield world


async def _ask(world: World, question: dict[str, Any]) -> httpx.Response:
    return await world.ask(question["at"], made(question, world.trust).request())


def _everything(answer: httpx.Response) -> bytes:
    return answer.content + b"\n".join(name + b": " + value for name, value in answer.headers.raw)


def _looked_up(question: dict[str, Any]) -> set[bytes]:
    """The keys that a lookup was given: each is answered by its name, known or not."""
    return {str(key).encode() for key in question["call"].get("json", {}).get("keys", ())}


def _standing(content: bytes, values: set[bytes]) -> list[bytes]:
    return sorted(one for one in values if one in content)


async def _nothing_leaves(folder: Path, case: Case, caplog: pytest.LogCaptureFixture) -> None:
    wish = case.wish
    async with _running(folder, wish) as world:
        for question in case.asked:
            answer = await _ask(world, question)
            assert answer.status_code < 500, (question, answer.text)
            hidden = wish.hidden(question["by"], question.get("purpose", "")) - _looked_up(question)
            assert _standing(_everything(answer), hidden) == [], question
        await _nothing_else_tells(world, wish)
        await _topics_tell_no_more(world, wish)
    said = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith(_NOT_OURS))
    assert said, "nothing was logged, so nothing is shown by this"
    assert _standing(said.encode(), wish.values()) == []


async def _nothing_else_tells(world: World, wish: Wish) -> None:
    """What nodes tell of themselves, the addresses and headers of calls between them, and the access log."""
    for whom in (OWNER, "gateway"):
        for path in ("/health", "/metrics", "/catalogue", "/openapi.json"):
            answer = await world.ask(whom, httpx.Request("GET", f"http://bridge{path}"))
            assert _standing(_everything(answer), wish.values()) == [], path
    for call in world.nodes.calls:
        assert _standing(f"{call.url} {dict(call.headers)}".encode(), wish.values()) == []
    log = world.settings[OWNER].access_log
    written = b"".join(path.read_bytes() for path in log.rglob("*") if path.is_file())
    assert b'"act":"began"' in written
    assert _standing(written, wish.values()) == []


async def _topics_tell_no_more(world: World, wish: Wish) -> None:
    broker = await topics.told(department(tuple(wish.datasets.values())), world.settings[OWNER])
    for topic in {topic for topic, _ in broker.logs}:
        who = {"public": "nobody", "shared": "member"}.get(topic.rpartition(".")[2])
        told_there = topics.bytes_of(broker, topic)
        if who is not None:
            assert _standing(told_there, wish.hidden(who, "")) == [], topic
        else:
            # Only a key that everybody may see stands there, in record ids.
            public = {
                told(row[one.key])
                for one in wish.datasets.values()
                if one.key_public
                for row in wish.records[one.dataset]
            }
            assert set(_standing(told_there, wish.values())) <= public, topic


async def _hidden_values_change_nothing(folder: Path, case: Case) -> None:
    who = {(one["by"], one.get("purpose", "")) for one in case.asked}
    async with _running(folder, case.wish) as world:
        for by, purpose in sorted(who):
            mine = [one for one in case.asked if (one["by"], one.get("purpose", "")) == (by, purpose)]
            before = [_told_by(await _ask(world, one)) for one in mine]
            await refilled(world, OWNER, case.wish.changed(by, purpose).records, *case.wish.datasets.values())
            for question, answer in zip(mine, before, strict=True):
                assert _told_by(await _ask(world, question)) == answer, question
            await refilled(world, OWNER, case.wish.records, *case.wish.datasets.values())


def _told_by(answer: httpx.Response) -> Any:
    """What an answer says of records. Versions rise with every change, and say so to members."""
    told_in = ("content-range", "allow", "preference-applied", "retry-after")
    return (
        answer.status_code,
        answer.content,
        names.NEXT in answer.headers,
        {name: answer.headers.get(name) for name in told_in},
    )


@settings(max_examples=_FEW, phases=_PHASES)
@given(case=_cases())
def test_nothing_hidden_leaves(
    case: Case,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    runner.run(_nothing_leaves(tmp_path_factory.mktemp("bridge"), case, caplog))


@settings(max_examples=_FEW, phases=_PHASES)
@given(case=_cases())
def test_departments_that_differ_in_what_a_caller_may_not_see_answer_him_alike(
    case: Case, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runner.run(_hidden_values_change_nothing(tmp_path_factory.mktemp("bridge"), case))


@pytest.mark.live
@settings(max_examples=_MANY, phases=_PHASES)
@given(case=_cases())
def test_nothing_hidden_leaves_many_departments(
    case: Case,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    folder = tmp_path_factory.mktemp("bridge")
    runner.run(_nothing_leaves(folder, case, caplog))
    (folder / "twin").mkdir()
    runner.run(_hidden_values_change_nothing(folder / "twin", case))
