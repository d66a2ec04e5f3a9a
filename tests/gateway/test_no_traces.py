"""The gateway leaves no trace of a value: not in its logs, not in an address, and it keeps nothing between calls."""

import gc
import logging

import orjson
import pytest

from schemas.trust.sealing import key_id_in
from tests.gateway import town
from tests.gateway.conftest import Door, nodes_of_town, open_door, url
from tests.gateway.in_process import garbled

PERSON = town.owner_id(0)
QUESTION = {
    "select": "code,capital,owner_id,owner(id_number,name),permits(permit_no)",
    "owner_id": f"in.({PERSON})",
    "order": "opened_on",
}


async def test_values_are_sent_by_post_alone_and_logged_nowhere(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await door.ask("trade.shops", QUESTION)
    assert PERSON in answer.text
    body = {"by": "owner_id", "keys": [PERSON], "select": "code,owner(name)"}
    assert PERSON in (await door.member.post("/records/trade/shops/lookup", json=body)).text
    await door.member.get("/records/licensing/permits/p00?select=shop(owner(name))")
    calls = [call for node in door.nodes.values() for call in node.calls]
    assert len(calls) > 6
    for method, address, headers, _ in calls:
        assert method == "POST"
        assert address in {
            f"/records/{one.replace('.', '/')}/{verb}"
            for one in town.DATASETS
            for verb in ("query", "lookup")
        }
        assert PERSON not in str(headers)
    values = _values()
    for record in caplog.records:
        if record.name.startswith(("langqiao", "gateway", "aiohttp")):
            assert not [value for value in values if value in record.getMessage()]


async def test_a_faulty_answer_is_neither_shown_nor_logged(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for change in (garbled, lambda answer: type(answer)(200, answer.headers, answer.body[:-5])):
        door.client.changes[url("330200.roll")] = change
        answer = await door.ask("trade.shops", QUESTION)
        assert answer.status_code == 502
        assert PERSON not in answer.text + str(answer.headers)
    assert not [one for one in caplog.records if PERSON in one.getMessage() and one.name != "httpx"]


async def test_a_call_says_who_asks_what_for_and_how_long_there_is_time(door: Door) -> None:
    await door.ask("licensing.permits", {"select": "status"}, **{"Langqiao-Deadline-Ms": "4000"})
    ((_, _, headers, _),) = door.nodes["330200.licensing"].calls
    sent = door.member.headers
    for name in ("authorization", "langqiao-officer", "langqiao-purpose"):
        assert headers[name] == sent[name]
    assert headers["langqiao-hops"] == "1"
    assert headers["contract-version"] == "1"
    # The gateway keeps 15 % of the time to itself.
    assert 3_000 < int(headers["langqiao-deadline-ms"]) <= 3_400


async def test_keys_are_asked_once_each_and_so_many_at_a_time() -> None:
    async with open_door(nodes_of_town(), join_keys=8) as door:
        await door.ask("trade.shops", {"select": "code,permits(status),debts(tax),owner(name)"})
        licensing = [orjson.loads(body) for *_, body in door.nodes["330200.licensing"].calls]
        roll = [orjson.loads(body) for *_, body in door.nodes["330200.roll"].calls]
    keys = [text for one in licensing for text in one["shop_code"][4:-1].split(",")]
    assert sorted(keys) == [f"s{number:02d}" for number in range(town.SHOPS)]
    assert [one["shop_code"].count(",") + 1 for one in licensing] == [8, 8, 8, 6]
    met = [one["sealed"]["meet"][0]["keys"] for one in roll]
    assert [len(keys) for keys in met] == [2, 2]
    assert [len({key_id_in(key) for key in keys}) for keys in met] == [1, 1], "a node answers by one key"


async def test_records_are_not_kept_between_calls(door: Door) -> None:
    await door.ask("trade.shops", {**QUESTION, "limit": 1})
    assert (await door.ask("trade.shops", QUESTION)).status_code == 200
    gc.collect()
    rows = [
        one
        for one in gc.get_objects()
        if type(one) is dict and one.get("owner_id") == PERSON and "_k0" in one
    ]
    assert rows == []


def _values() -> set[str]:
    """Every text of a record that is long enough to be known by."""
    found = {
        str(value)
        for rows in town.records().values()
        for row in rows
        for name, value in row.items()
        if name not in ("district", "status", "code", "shop_code", "tax", "grade", "staff", "parent_code")
    }
    return {value for value in found if len(value) > 4 and value != "None"}
