"""A gateway that is not honest is given what follows from the question that it was handed, and nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from schemas.trust.message import Message, sign
from schemas.trust.question import handed_on
from schemas.wire import headers as names
from tests.flow.federation import canaries
from tests.flow.federation.county import places_of
from tests.flow.federation.running import PROVINCE
from tests.flow.questions.hostile import STRANGER, TABLE, Hostile

_PAGE = {"select": "code,name", "code": "in.(91CANARY1,91CANARY2)", "limit": 2}
_FIRMS = "trade_office/firms/query"
Change = Callable[[Any], Any]


def _refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code, and what of it is wrong; a refusal holds nothing of the records."""
    assert not any(canary in answer.content for canary in canaries.CANARIES), answer.text
    said: Mapping[str, Any] = answer.json() if answer.is_error else {}
    return answer.status_code, said.get("code", ""), said.get("beyond", said.get("reason", ""))


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: str(case["name"]).replace(" ", "-"))
def test_a_call_follows_from_the_question_or_is_refused(
    case: dict[str, Any], runner: asyncio.Runner, hostile: Hostile
) -> None:
    handed = handed_on(hostile.question(case["of"]))
    answer = runner.run(hostile.ask(case["at"], case["asks"], handed, **case.get("set", {})))
    if "beyond" in case:
        assert _refusal(answer) == (403, "not-asked", case["beyond"])
    else:
        assert answer.is_success, answer.text


def test_what_follows_is_the_data_that_was_asked_for(runner: asyncio.Runner, hostile: Hostile) -> None:
    handed = handed_on(hostile.question("firms"))
    answer = runner.run(hostile.ask(_FIRMS, _PAGE, handed))
    assert answer.json() == [{"code": canaries.CODE, "name": canaries.NAME}]


def _with(**own: str) -> Change:
    """Other headers of the question itself."""
    return lambda handed: {**handed, "headers": {**handed["headers"], **own}}


_WIDER = '{"select":"*"}'
_DIGEST = sign(Message("", "", "", {}, _WIDER.encode()), STRANGER, datetime.now(UTC))["content-digest"]
#: What becomes of a question on its way, and why it is refused then.
_ALTERED: dict[str, tuple[Change, str]] = {
    "a wider body": (lambda one: {**one, "body": _WIDER}, "altered"),
    "a wider body with its digest": (
        lambda one: {**_with(**{"content-digest": _DIGEST})(one), "body": _WIDER},
        "bad-signature",
    ),
    "another address": (lambda one: {**one, "path": "/records/roll_office/persons/query"}, "bad-signature"),
    "a parameter more": (lambda one: {**one, "query": "select=*"}, "bad-signature"),
    "another method": (lambda one: {**one, "method": "GET"}, "bad-signature"),
    "more time": (_with(**{names.DEADLINE: "9000"}), "bad-signature"),
    "a count": (_with(prefer="count=exact"), "malformed"),
    "a line more": (lambda one: {**one, "path": f'{one["path"]}\n"@query": ?'}, "malformed"),
    "a token of its own": (_with(authorization="Bearer x"), "malformed"),
    "no signature": (lambda one: {**one, "headers": {}}, "malformed"),
    "no body": (lambda one: {name: part for name, part in one.items() if name != "body"}, "malformed"),
    "a number": (lambda one: 7, "malformed"),
}
#: Other questions that a gateway may have, and why they are refused.
_OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "of a stranger": ({"by": "stranger"}, "unknown-key"),
    "of its own": ({"by": "gateway"}, "wrong-sender"),
    "to a department": ({names.NODE: "330203.trade_office"}, "not-for-us"),
    "to a gateway that is none": ({names.NODE: "330100.gateway"}, "not-for-us"),
    "to nobody": ({names.NODE: ""}, "not-for-us"),
    "for another purpose": ({names.PURPOSE: "grant:G-2"}, "bad-signature"),
    "of another officer": ({names.OFFICER: "officer-2"}, "bad-signature"),
    "of another id": ({names.QUESTION: "q-2"}, "bad-signature"),
    "from tomorrow": ({"age": -60}, "not-yet-valid"),
    "an old one": ({"name": "any three", "age": 91}, "expired"),
    "whose caller waits no more": ({"age": 36}, "expired"),
}


@pytest.mark.parametrize("how", _ALTERED)
def test_an_altered_question_is_refused(how: str, runner: asyncio.Runner, hostile: Hostile) -> None:
    change, reason = _ALTERED[how]
    handed = change(handed_on(hostile.question("firms")))
    assert _refusal(runner.run(hostile.ask(_FIRMS, _PAGE, handed))) == (401, "bad-question", reason)


@pytest.mark.parametrize("which", _OTHERS)
def test_no_other_question_passes_for_the_callers(
    which: str, runner: asyncio.Runner, hostile: Hostile
) -> None:
    said, reason = _OTHERS[which]
    handed = handed_on(hostile.question(**{"name": "firms", **said}))
    assert _refusal(runner.run(hostile.ask(_FIRMS, _PAGE, handed))) == (401, "bad-question", reason)


def test_a_question_may_have_been_put_to_another_gateway(runner: asyncio.Runner, hostile: Hostile) -> None:
    handed = handed_on(hostile.question("firms", **{names.NODE: PROVINCE}))
    assert runner.run(hostile.ask(_FIRMS, _PAGE, handed)).is_success


_REDIRECTED = {
    "another purpose": {names.PURPOSE: "grant:G-2"},
    "another officer": {names.OFFICER: "officer-2"},
    "another question": {names.QUESTION: "q-2"},
}


@pytest.mark.parametrize("how", _REDIRECTED)
def test_a_call_for_something_else_does_not_fit_the_question(
    how: str, runner: asyncio.Runner, hostile: Hostile
) -> None:
    handed = handed_on(hostile.question("firms"))
    answer = runner.run(hostile.ask(_FIRMS, _PAGE, handed, **_REDIRECTED[how]))
    assert _refusal(answer) == (401, "bad-question", "bad-signature")


def test_a_token_without_a_question_opens_nothing(runner: asyncio.Runner, hostile: Hostile) -> None:
    assert _refusal(runner.run(hostile.ask(_FIRMS, _PAGE, None)))[:2] == (403, "question-required")
    address, call = hostile.call(_FIRMS, _PAGE, None)
    listed = Message("GET", "/records/trade_office/firms", "select=name", call.headers, b"")
    signed = sign(listed, hostile.strict.gateway, datetime.now(UTC))
    sent = hostile.client.get(f"{address}{listed.path}?{listed.query}", headers={**call.headers, **signed})
    assert _refusal(runner.run(sent))[:2] == (403, "question-required")


def test_a_call_is_no_other_departments_and_answered_once(runner: asyncio.Runner, hostile: Hostile) -> None:
    address, call = hostile.call(_FIRMS, _PAGE, handed_on(hostile.question("firms")))
    west = hostile.strict.addresses[places_of("trade_office")[1]]
    assert _refusal(runner.run(hostile.send((west, call)))) == (401, "bad-message", "not-for-us")
    assert runner.run(hostile.send((address, call))).is_success
    assert _refusal(runner.run(hostile.send((address, call)))) == (401, "bad-message", "replayed")


def test_a_question_is_good_for_its_own_calls_until_its_caller_waits_no_more(
    runner: asyncio.Runner, hostile: Hostile
) -> None:
    handed = handed_on(hostile.question("firms"))
    first, again = (runner.run(hostile.ask(_FIRMS, _PAGE, handed)) for _ in range(2))
    assert first.json() == again.json(), "repeated it shows the same once more, and is entered once more"
