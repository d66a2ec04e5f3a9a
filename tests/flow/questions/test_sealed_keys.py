"""A gateway that is not honest gains nothing by the sealed join keys that pass through it: it can neither make nor read
one, and what it alters, takes from elsewhere or sends another time opens nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from schemas.trust.link_keys import new_link_key
from schemas.trust.question import handed_on
from schemas.wire import headers as names
from tests.flow.federation import canaries
from tests.flow.questions.hostile import Hostile
from tests.messages import Messages

_CODE, _EMPLOYER = "trade_office.firms.code", "roll_office.persons.employer_code"
_PERSONS = "roll_office/persons/query"
_REFUSED, _LACKING = (403, "sealed-key-refused"), (503, "link-key-missing")


def _good(hostile: Hostile) -> str:
    """The key that an honest department of firms gave for the one firm."""
    return str(hostile.seal(_CODE, _EMPLOYER).seal(canaries.CODE))


def _by_another_key(hostile: Hostile) -> str:
    key = new_link_key(datetime.now(UTC) - timedelta(hours=1))
    return str(replace(hostile.seal(_CODE, _EMPLOYER), by=key).seal(canaries.CODE))


#: What is sent in place of the key, and what comes of it.
_SENT: dict[str, tuple[Callable[[Hostile], str], tuple[int, str]]] = {
    "altered": (lambda one: _good(one)[:-9] + "AAAAAAAAA", _REFUSED),
    "of another link": (
        lambda one: str(one.seal(_CODE, "revenue_office.accounts.code").seal(canaries.CODE)),
        _LACKING,
    ),
    "of another link under the right name": (lambda one: _renamed(one), _REFUSED),
    "of another question": (lambda one: str(one.seal(_CODE, _EMPLOYER, "q-0").seal(canaries.CODE)), _REFUSED),
    "by a key of its own": (_by_another_key, _LACKING),
    "as it is": (lambda one: canaries.CODE, _REFUSED),
    "nothing": (lambda one: "", _REFUSED),
}


def _renamed(hostile: Hostile) -> str:
    """A key of another link that says to be of this one."""
    name = _good(hostile).partition(".")[0]
    other = str(hostile.seal(_CODE, "revenue_office.accounts.code").seal(canaries.CODE))
    return f"{name}.{other.partition('.')[2]}"


def _meeting(text: str) -> dict[str, Any]:
    met = {"item": "employer_code", "for": _CODE, "keys": [text]}
    return {
        "select": "name,k:employer_code",
        "name": "neq.zz",
        "sealed": {"show": {"k": _CODE}, "meet": [met]},
    }


def _asked(runner: asyncio.Runner, hostile: Hostile, text: str) -> httpx.Response:
    return runner.run(hostile.ask(_PERSONS, _meeting(text), handed_on(hostile.question("firms"))))


def test_the_key_that_was_given_meets_its_records_and_stays_sealed(
    runner: asyncio.Runner, hostile: Hostile
) -> None:
    text = _good(hostile)
    assert _asked(runner, hostile, text).json() == [{"name": canaries.NAME, "k": text}]


@pytest.mark.parametrize("how", _SENT)
def test_no_other_key_opens_anything(how: str, runner: asyncio.Runner, hostile: Hostile) -> None:
    make, expected = _SENT[how]
    answer = _asked(runner, hostile, make(hostile))
    assert (answer.status_code, answer.json()["code"]) == expected
    assert canaries.found_in(answer.content) == []


def test_who_asks_a_department_itself_is_given_nothing_sealed(
    runner: asyncio.Runner, hostile: Hostile
) -> None:
    body = {"select": "k:code", "sealed": {"show": {"k": _EMPLOYER}}}
    client = hostile.strict.county.client
    said = {name: client.headers[name] for name in ("authorization", names.OFFICER, names.PURPOSE)}
    place, address = next(iter(hostile.strict.addresses.items()))
    assert place.kind == "trade_office"
    asked = hostile.client.post(
        f"{address}/records/trade_office/firms/query",
        json=body,
        headers=said,
        auth=Messages([hostile.strict.own]),
    )
    answer = runner.run(asked)
    assert (answer.status_code, answer.json()["code"]) == _REFUSED


def test_who_asks_a_gateway_is_given_nothing_sealed(runner: asyncio.Runner, hostile: Hostile) -> None:
    body = {"select": "k:code", "sealed": {"show": {"k": _EMPLOYER}}}
    answer = runner.run(hostile.strict.county.client.post("/records/trade_office/firms/query", json=body))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-syntax")
