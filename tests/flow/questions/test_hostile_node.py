"""A department that is not honest, and is asked one part of a question, gets no other part of it from anybody: neither
by the caller's token nor by the question that it was handed, and not by its own key."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from schemas.trust import keys
from schemas.trust.message import Message, sign
from schemas.trust.question import PASSED_ON, message_of
from schemas.wire import headers as names
from tests.flow.federation import canaries
from tests.flow.federation.county import Place, places_of
from tests.flow.federation.running import NODE_KEY, Call
from tests.flow.questions.hostile import TABLE
from tests.flow.questions.strict import Strict

_HERE, _WEST = places_of("trade_office")
_ROLL = places_of("roll_office")[0]
_GATEWAY = "330200.gateway"
#: What a department would like to know: persons of the other office.
_WANTED = Message("POST", "/records/roll_office/persons/query", "", {}, b'{"select": "person_no,name"}')


@dataclass(frozen=True)
class Given:
    """What the hostile department was given in the course of an honest question, `call`, its own key, and its ways to
    the gateway and to other nodes."""

    strict: Strict
    door: httpx.AsyncClient
    nodes: httpx.AsyncClient
    call: Call
    key: keys.KeyPair

    @property
    def handed(self) -> Message:
        """The caller's own message, put together again."""
        return message_of(orjson.loads(self.call.body)["question"], self.call.headers)

    @property
    def asked(self) -> Message:
        """The gateway's message."""
        path = self.call.url.removeprefix(_HERE.url)
        return Message(self.call.method, path, "", self.call.headers, self.call.body)

    def bare(self, **more: str) -> Message:
        """What it would like to know, by the caller's token."""
        own = {name: self.call.headers[name] for name in PASSED_ON if name in self.call.headers}
        return replace(_WANTED, headers=own | {names.QUESTION: "q-2"} | more)

    def signed(self, call: Message) -> Message:
        return replace(call, headers={**call.headers, **sign(call, self.key, datetime.now(UTC))})

    async def send(self, call: Message, place: Place | None = None) -> tuple[int, str]:
        """Status and reason of a node's answer, or of the gateway's; no answer holds anything of the records."""
        said = {"content-type": names.JSON, **call.headers}
        client = self.door if place is None else self.nodes
        url = "" if place is None else self.strict.addresses[place]
        answer = await client.request(call.method, url + call.path, headers=said, content=call.body)
        assert not any(canary in answer.content for canary in canaries.CANARIES), answer.text
        return answer.status_code, answer.json().get("reason", "") if answer.is_error else ""


@pytest.fixture(params=["any three"])
def given(request: pytest.FixtureRequest, runner: asyncio.Runner, strict: Strict) -> Iterator[Given]:
    """An honest question of the table was answered, of which this department was asked its part."""
    runner.run(strict.county.load(canaries.contents()))
    strict.county.nodes.calls.clear()
    question = TABLE["questions"][request.param]
    honest = strict.county.client.post(question["path"], json=question["body"])
    assert canaries.found_in(runner.run(honest).content), "it asks for persons"
    call = next(one for one in strict.county.nodes.calls if one.url.startswith(f"{_HERE.url}/records/"))
    transport = httpx.ASGITransport(app=strict.county.gateway)
    door = httpx.AsyncClient(transport=transport, base_url="http://gateway")
    nodes = httpx.AsyncClient(trust_env=False)
    yield Given(strict, door, nodes, call, keys.read_private((strict.folder / NODE_KEY).read_bytes()))
    for one in (door, nodes):
        runner.run(one.aclose())


def test_the_callers_token_opens_nothing_at_the_gateway(runner: asyncio.Runner, given: Given) -> None:
    invented = given.bare(**{names.OFFICER: "nobody"})
    assert runner.run(given.send(invented)) == (401, "missing")
    for_it = given.bare(**{names.NODE: _GATEWAY})
    assert runner.run(given.send(given.signed(for_it))) == (401, "wrong-sender")


def test_the_question_that_it_was_handed_is_answered_no_second_time(
    runner: asyncio.Runner, given: Given
) -> None:
    assert given.handed.headers[names.NODE] == _GATEWAY
    assert [runner.run(given.send(given.handed)) for _ in range(2)] == [(401, "replayed")] * 2
    wider = replace(given.handed, body=b'{"select": "*"}')
    assert runner.run(given.send(wider)) == (401, "altered")


@pytest.mark.parametrize("given", ["counted"], indirect=True)
def test_nor_by_another_department(runner: asyncio.Runner, given: Given) -> None:
    """This question joins nothing, so a department of the same kind could answer it as it is."""
    assert runner.run(given.send(given.handed, _WEST)) == (401, "not-for-us")
    assert runner.run(given.send(given.asked, _WEST)) == (401, "not-for-us")


def test_nor_does_the_token_open_anything_there(runner: asyncio.Runner, given: Given) -> None:
    assert runner.run(given.send(given.bare(), _ROLL)) == (401, "missing")
    to = given.signed(given.bare(**{names.NODE: _ROLL.member}))
    assert runner.run(given.send(to, _ROLL)) == (401, "wrong-sender")


def test_what_the_gateway_sent_it_is_no_message_for_the_gateway(runner: asyncio.Runner, given: Given) -> None:
    assert runner.run(given.send(given.asked)) == (401, "not-for-us")


def test_the_question_under_a_token_of_its_own_goes_nowhere(runner: asyncio.Runner, given: Given) -> None:
    """It cannot pass the caller's question on as a gateway does: its key is no gateway's."""
    handed = orjson.loads(given.call.body)["question"]
    body = orjson.dumps({"asks": {"select": "person_no,name", "limit": 3}, "question": handed})
    for place, node in ((_ROLL, _ROLL.member), (None, _GATEWAY)):
        own = given.bare(**{names.NODE: node, names.QUESTION: given.call.headers[names.QUESTION]})
        own = replace(own, body=body, headers={**own.headers, "content-type": names.SUBCALL})
        assert runner.run(given.send(given.signed(own), place)) == (401, "wrong-sender")
