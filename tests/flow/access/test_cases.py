"""Who may see which item, for what: every decision of the bridge as a case of its own, asked of real departments."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
import yaml

from schemas.trust import keys
from schemas.wire import headers as names
from services.engine.api.entering import TELLING
from tests.flow.access import land
from tests.flow.access.calling import WHO, Sent, made
from tests.flow.access.declared import department
from tests.flow.access.topics import told
from tests.flow.access.world import CASES, DESK, GATEWAY, REGISTER, Clock, Trust, World, running
from tests.services.engine.relay.memory import MemoryBroker

_FOLDER = Path(__file__).parents[2] / "cases" / "access"
_CASES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.yaml"))
}
_EAST = f"{land.EAST}.{land.LAND}"
_GRANT = {
    "id": "G-1",
    "member": "330200.approvals",
    "dataset": land.TITLES.dataset,
    "items": ["owner_no", "mortgage"],
    "purpose": "核验",
    "not_before": "-1d",
    "expires": "+30d",
}
#: Of a grant at another department its node is told so much.
_BRIEF = {name: _GRANT[name] for name in ("member", "not_before", "expires")}
_UNITS = {"s": "seconds", "h": "hours", "d": "days"}
#: Rises from case to case: no node takes an older document.
_NUMBERS = count(10, 10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One bridge for all cases, each of which writes its own registry and grants."""
    folder = tmp_path_factory.mktemp("bridge")
    asking = {one for one, _ in WHO.values()}
    systems = {system: keys.new_key() for system in (*asking, GATEWAY, CASES, DESK, REGISTER)}
    trust = Trust(folder, Clock(), systems)
    trust.write_registry()
    trust.write_grants([])
    async with running(folder, trust, land.KEPT, land.records) as opened:
        yield opened


def test_there_is_a_case_for_each_decision() -> None:
    assert len(_CASES) >= 80
    assert len({case["case"] for case in _CASES.values()}) == len(_CASES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(world: World) -> MemoryBroker:
    return await told(department(land.KEPT[_EAST]), world.settings[_EAST])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [name for name, case in _CASES.items() if "topic" in case])
async def test_events(name: str, broker: MemoryBroker) -> None:
    case = _CASES[name]
    topic = f"dev.{land.EAST}.{case['topic']['dataset']}.v1.{case['topic']['audience']}"
    events = broker.events(topic)
    assert len(events) == case["comes"]["events"]
    assert {tuple(sorted(one.data or ())) for one in events} <= {tuple(case["comes"]["shows"])}
    assert not _found(b"".join(one.value or b"" for log in broker.logs.values() for one in log))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [name for name, case in _CASES.items() if "topic" not in case])
async def test_access(name: str, world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    case, first = _CASES[name], next(_NUMBERS)
    world.clock.now = world.clock.start
    story = _Story(world, first)
    story.happens({"registry": {}, "grants": [{}], **case.get("given", {})})
    for step in case.get("steps", [case]):
        story.happens(step.get("then", {}))
        await story.step(step)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("langqiao")]
    assert not _found("\n".join(ours).encode())


@dataclass
class _Story:
    """A case as it is told, step by step."""

    world: World
    number: int
    last: Sent | None = None
    answers: Any = None

    def happens(self, given: Mapping[str, Any]) -> None:
        """Time goes by, and signed files change."""
        self.world.clock.now += _span(given.get("forward", "0s"))
        trust = self.world.trust
        if "registry" in given:
            said = {"number": self.number, **_dated(given["registry"], self.world.clock)}
            trust.write_registry(**said | {"number": self._counted(said["number"])})
        if "grants" in given:
            document = {"number": self.number, **_dated(given.get("document", {}), self.world.clock)}
            grants = [_dated(_GRANT | one, self.world.clock) for one in given["grants"]]
            if "elsewhere" in given:
                briefs = [_dated(_BRIEF | one, self.world.clock) for one in given["elsewhere"]]
                document["elsewhere"] = briefs
            trust.write_grants(grants, **document | {"number": self._counted(document["number"])})
        self.world.refresh()

    def _counted(self, number: Any) -> int:
        """Cases count from their own first document: "-1" is older than it, "+1" newer."""
        return self.number + int(number) if isinstance(number, str) else int(number)

    async def step(self, step: Mapping[str, Any]) -> None:
        sent = self.last if step.get("again") else made(step, self.world.trust)
        assert sent is not None
        self.last = sent
        asked = step.get("at", _EAST)
        before = self._entries(asked)
        answer = await self.world.ask(asked, sent.request())
        _compare(step["comes"], answer, self.answers)
        _says_nothing_more(answer, sent)
        if asked != "gateway":
            telling = answer.is_success or _problem(answer).get("code") in TELLING
            assert (self._entries(asked) > before) is telling, (
                "what tells of records is entered, and nothing else"
            )
        self.answers = answer

    def _entries(self, asked: str) -> int:
        return 0 if asked == "gateway" else self.world.node(asked).log.appender.head.number


def _compare(comes: Mapping[str, Any], answer: httpx.Response, before: httpx.Response | None) -> None:
    assert answer.status_code == comes["status"], answer.text
    problem = _problem(answer)
    for member in ("code", "reason", "items", "limit"):
        if member in comes:
            assert problem.get(member) == comes[member], answer.text
    if "entries" in comes:
        told = answer.json()["entries"]
        assert [one | wanted for one, wanted in zip(told, comes["entries"], strict=True)] == told
    if "shows" in comes:
        assert _shown(answer) == comes["shows"]
    for name, pattern in comes.get("headers", {}).items():
        found = answer.headers.get(name, "")
        assert re.fullmatch(str(pattern), found), f"{name}: {found}"
    if "sources" in comes:
        states = {f"{one['node']} {one['path']}".strip(): one["state"] for one in answer.json()["sources"]}
        assert states == comes["sources"]
    if comes.get("like_before"):
        assert before is not None
        assert _bare(answer) == _bare(before)


def _shown(answer: httpx.Response) -> Any:
    """An answer's JSON; of lines those before the last, which tells of receipts."""
    if answer.headers["content-type"] == names.NDJSON:
        return [orjson.loads(line) for line in answer.content.splitlines()[:-1]]
    return answer.json()


def _bare(answer: httpx.Response) -> Any:
    """All that an answer tells but its moment and its name."""
    own = ("server-timing", names.QUESTION, names.RECEIPT)
    return (
        answer.status_code,
        answer.content,
        {name: one for name, one in answer.headers.items() if name not in own},
    )


def _says_nothing_more(answer: httpx.Response, sent: Sent) -> None:
    """A refusal repeats neither a record's values nor what was sent of the kind; a 401 gives no detail away."""
    if not answer.is_error:
        return
    assert not _found(answer.content + str(answer.headers).encode())
    if answer.status_code == 401 and answer.content:
        problem = answer.json()
        known = {"type", "title", "status", "detail", "origin", "code", "message", "details", "hint"}
        assert problem.keys() - known <= {"reason", "dataset", "items", "node", "path"}
        assert _token_of(sent) not in answer.text


def _token_of(sent: Sent) -> str:
    return sent.headers.get("authorization", "").partition(" ")[2] or "no token at all"


def _found(content: bytes) -> list[bytes]:
    return [one for one in (*land.CANARIES, *_persons()) if one in content]


@cache
def _persons() -> tuple[bytes, ...]:
    """Whom the cases ask for as persons, or as those who represent an enterprise."""
    asks = [
        step["call"].get("ask", {})
        for case in _CASES.values()
        for step in case.get("steps", [case])
        if "call" in step
    ]
    return tuple({one[name].encode() for one in asks for name in ("person", "enterprise") if name in one})


def _problem(answer: httpx.Response) -> dict[str, Any]:
    form = answer.headers.get("content-type", "")
    return dict(answer.json()) if form == "application/problem+json" and answer.content else {}


def _dated(document: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """`+30d` and the like, from the beginning of the case, as moments."""
    times = ("not_before", "expires", "issued")
    return {
        name: (clock.start + _span(value)).isoformat() if name in times and _is_span(value) else value
        for name, value in document.items()
    }


def _is_span(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[+-]?\d+[shd]", value) is not None


def _span(text: str) -> timedelta:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
