"""A gateway passes on what a department signed, to the byte, and adds nothing where nobody asks for it."""

from typing import Any

import httpx
import orjson

from schemas.trust.evidence import read_part
from schemas.trust.evidence_judged import Check, judge
from schemas.trust.history import History
from schemas.wire import headers as names
from tests.flow.evidence.conftest import ASKED, Door
from tests.services.engine.api import office

VEHICLES = f"/records/{office.KIND}/vehicles"
_QUESTION = {"select": "plate,colour", "order": "plate", "limit": 3}
_ENVELOPE = {"Accept": names.ANSWER}


def _holds(sources: list[dict[str, Any]], history: History) -> int:
    """How many parts there are, each of which lacks nothing but a time token."""
    parts = [read_part(one) for source in sources for one in source["evidence"]]
    for one in parts:
        found = judge(one, history)
        assert [each.check for each in found.findings if not each.holds] == [Check.TIME], found
        assert found.member == office.OWNER
    return len(parts)


async def test_an_envelope_holds_what_each_department_signed(
    member: httpx.AsyncClient, history: History
) -> None:
    answer = await member.post(f"{VEHICLES}/query", json=_QUESTION, headers=ASKED | _ENVELOPE)
    assert answer.status_code == 200, answer.text
    assert _holds(answer.json()["sources"], history) == 1
    (part,) = answer.json()["sources"][0]["evidence"]
    assert orjson.loads(part["answer"]["body"]) == answer.json()["data"]
    assert "authorization" not in part["question"]["headers"], "a token is nobody's evidence"


async def test_a_verification_is_evidence_too(member: httpx.AsyncClient, history: History) -> None:
    sent = {"where": {"plate": "A02"}, "claims": {"colour": "red"}}
    answer = await member.post(f"{VEHICLES}/verify", json=sent, headers=ASKED)
    plain = await member.post(f"{VEHICLES}/verify", json=sent)
    assert answer.json()["match"] == plain.json()["match"]
    assert plain.json().keys() == {"match"}
    assert _holds(answer.json()["sources"], history) == 1


async def test_a_lookup_of_records_holds_the_department_s_stream(
    member: httpx.AsyncClient, history: History
) -> None:
    listed = await member.post(f"{VEHICLES}/query", json={"select": "record_id", "limit": 3})
    sent = {"record_ids": [one["record_id"] for one in listed.json()], "select": "plate"}
    answer = await member.post(f"{VEHICLES}/lookup", json=sent, headers=ASKED)
    plain = await member.post(f"{VEHICLES}/lookup", json=sent)
    *lines, end = answer.text.splitlines()
    assert lines == plain.text.splitlines()[:-1]
    assert _holds(orjson.loads(end)["end"]["sources"], history) == 1


async def test_plain_answers_are_as_they_were(member: httpx.AsyncClient) -> None:
    plain = await member.post(f"{VEHICLES}/query", json=_QUESTION)
    asked = await member.post(f"{VEHICLES}/query", json=_QUESTION, headers=ASKED)
    assert plain.content == asked.content
    envelope = await member.post(f"{VEHICLES}/query", json=_QUESTION, headers=_ENVELOPE)
    assert "evidence" not in envelope.json()["sources"][0]


async def test_time_tokens_are_asked_for_through_gateways(door: Door) -> None:
    member = door.member
    answer = await member.post(f"{VEHICLES}/query", json=_QUESTION, headers=ASKED | _ENVELOPE)
    (part,) = answer.json()["sources"][0]["evidence"]
    digest = read_part(part).digest
    told = await member.post("/log/time-tokens", json={"node": office.OWNER, "digests": [digest]})
    assert (told.status_code, told.json()) == (200, {"tokens": {digest: []}})
    above = await door.above.post("/log/time-tokens", json={"node": office.OWNER, "digests": [digest]})
    assert above.json() == told.json()
    bad: tuple[Any, ...] = ({"node": "330203.nobody", "digests": []}, {"digests": []}, [])
    for sent in bad:
        assert (await member.post("/log/time-tokens", json=sent)).status_code == 400
    wrong = {"node": office.OWNER, "digests": ["x"]}
    assert (await member.post("/log/time-tokens", json=wrong)).status_code == 503


async def test_a_gateway_above_hands_on_what_departments_signed(door: Door, history: History) -> None:
    listed = await door.above.post(f"{VEHICLES}/query", json=_QUESTION, headers=ASKED | _ENVELOPE)
    below = await door.member.post(f"{VEHICLES}/query", json=_QUESTION)
    assert (listed.status_code, listed.json()["data"]) == (200, below.json())
    assert _holds(listed.json()["sources"], history) == 1
    sent = {"where": {"plate": "A02"}, "claims": {"colour": "red"}}
    verified = await door.above.post(f"{VEHICLES}/verify", json=sent, headers=ASKED)
    assert _holds(verified.json()["sources"], history) == 1
    ids = [one["record_id"] for one in await _records(door.member)]
    sought = {"record_ids": ids, "select": "plate"}
    looked_up = await door.above.post(f"{VEHICLES}/lookup", json=sought, headers=ASKED)
    assert _holds(orjson.loads(looked_up.text.splitlines()[-1])["end"]["sources"], history) == 1


async def test_a_gateway_above_says_what_is_missing_below_as_ever(door: Door) -> None:
    answers = []
    for down in (set(), set(door.nodes.apps)):
        door.nodes.down = down
        for more in ({}, ASKED):
            sent: dict[str, Any] = {"select": "secret"} if not down else _QUESTION
            answers.append(await door.above.post(f"{VEHICLES}/query", json=sent, headers=more))
    assert [one.status_code for one in answers] == [403, 403, 503, 503]
    assert answers[0].json()["code"] == answers[1].json()["code"]
    assert answers[2].json()["code"] == answers[3].json()["code"]


async def _records(client: httpx.AsyncClient) -> Any:
    return (await client.post(f"{VEHICLES}/query", json={"select": "record_id", "limit": 3})).json()
