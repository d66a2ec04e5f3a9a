"""What each source contributed, and what comes of a missing one: in the plain form, in the envelope, and in part."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from gateway.nodes import NodeAnswer
from schemas.wire.problem import Problem
from tests.gateway.conftest import Door, nodes_of_town, open_door, url
from tests.gateway.in_process import Change, down, garbled

ENVELOPE = {"Accept": "application/vnd.langqiao.answer+json"}
PARTIAL = {"Prefer": "partial=allow"}
REVENUE, EAST, WEST = url("330200.revenue"), url("330203.trade"), url("330205.trade")
ASKED = {"select": "name,permits(status),debts(tax,amount)", "code": "in.(s00,s03)"}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door(nodes_of_town(), deadline_ms=1_000) as opened:
        yield opened


def saying(code: str, **members: Any) -> Change:
    """A node that answers every question with a problem."""
    problem = Problem(code, "said by the node", members=members)
    body, kind = problem.body(), "application/problem+json"
    return lambda answer: NodeAnswer(problem.status, {"content-type": kind, **problem.headers}, body)


def with_body(body: bytes) -> Change:
    return lambda answer: replace(answer, body=body)


def with_rows(change: Any) -> Change:
    """A node whose rows are altered on their way."""
    return lambda answer: replace(answer, body=orjson.dumps(change(orjson.loads(answer.body))))


def with_header(name: str, value: str) -> Change:
    return lambda answer: replace(answer, headers={**answer.headers, name: value})


def of_status(status: int) -> Change:
    return lambda answer: NodeAnswer(status, {}, b"<html>no</html>")


#: What a node does, and what it then counts as.
FAULTS: dict[str, tuple[Change, str, str]] = {
    "does not listen": (down, "down", "no-connection"),
    "has lost its database": (saying("database-away"), "down", "database-away"),
    "is starting": (saying("not-ready"), "down", "not-ready"),
    "asks a node that is away": (saying("source-missing"), "down", "source-missing"),
    "needs longer than it has": (saying("deadline-passed"), "slow", "deadline-passed"),
    "keeps the item to itself": (saying("grant-required", items=["tax"]), "forbidden", "grant-required"),
    "does not know the token": (saying("bad-token", reason="unknown-key"), "forbidden", "bad-token"),
    "no longer knows the dataset": (saying("unknown-dataset"), "stale", "unknown-dataset"),
    "has lost a column": (saying("dataset-stale"), "stale", "dataset-stale"),
    "no longer knows an item": (saying("unknown-item"), "stale", "unknown-item"),
    "answers in another version": (with_header("contract-version", "2"), "stale", "unknown-version"),
    "fails": (saying("internal"), "faulty", "internal"),
    "is no node": (of_status(502), "faulty", "source-faulty"),
    "redirects": (of_status(302), "faulty", "source-faulty"),
    "speaks no HTTP": (garbled, "faulty", "source-faulty"),
    "is cut short": (with_body(b'[{"tax":"vat"'), "faulty", "source-faulty"),
    "sends an object": (with_body(b"{}"), "faulty", "source-faulty"),
    "sends rows that are none": (with_body(b"[1]"), "faulty", "source-faulty"),
    "leaves an item out": (with_rows(lambda rows: [_without(row, "tax") for row in rows]), "faulty", "source-faulty"),
    "adds an item": (with_rows(lambda rows: [{**row, "secret": 1} for row in rows]), "faulty", "source-faulty"),
    "answers for other keys": (
        with_rows(lambda rows: [{**row, "_k0": "s07"} for row in rows]), "faulty", "source-faulty",
    ),
    "answers for no key": (
        with_rows(lambda rows: [{**row, "_k0": None} for row in rows]), "faulty", "source-faulty",
    ),
    "sends a key that is none": (
        with_rows(lambda rows: [{**row, "_k0": ["s00"]} for row in rows]), "faulty", "source-faulty",
    ),
}  # fmt: skip


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _states(answer: httpx.Response) -> dict[str, str]:
    """State by path and node."""
    return {f"{one['path']}@{one['node']}": one["state"] for one in answer.json()["sources"]}


async def test_the_envelope_says_what_each_source_contributed(door: Door) -> None:
    answer = await door.ask("trade.shops", ASKED, **ENVELOPE, Prefer="count=exact")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == ENVELOPE["Accept"]
    envelope = answer.json()
    assert envelope["data"] == (await door.ask("trade.shops", ASKED)).json()
    assert (envelope["complete"], envelope["total"]) == (True, 2)
    sources = {(one["path"], one["node"]): one for one in envelope["sources"]}
    assert {key: (one["state"], one["calls"], one["rows"]) for key, one in sources.items()} == {
        ("", "330203.trade"): ("found", 1, 1),
        ("", "330205.trade"): ("found", 1, 1),
        ("permits", "330200.licensing"): ("found", 1, 3),
        ("debts", "330200.revenue"): ("found", 1, 4),
    }
    for one in sources.values():
        assert one["read_at"] == "2026-03-01T08:00:00.000Z"
        assert one["milliseconds"] >= 0
        assert "code" not in one


async def test_a_source_without_records_is_not_found(door: Door) -> None:
    answer = await door.ask("trade.shops", {**ASKED, "code": "eq.s02"}, **ENVELOPE)
    assert _states(answer) == {
        "@330203.trade": "found",
        "@330205.trade": "not_found",
        "permits@330200.licensing": "found",
        "debts@330200.revenue": "not_found",
    }


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault).replace(" ", "-"))
async def test_a_missing_source_fails_the_plain_form_and_is_null_in_the_envelope(
    door: Door, fault: str
) -> None:
    change, state, code = FAULTS[fault]
    door.client.changes[REVENUE] = change
    enveloped = await door.ask("trade.shops", ASKED, **ENVELOPE, Prefer="count=exact")
    assert enveloped.status_code == 200
    envelope = enveloped.json()
    assert envelope["complete"] is False
    assert "total" not in envelope
    assert [row["debts"] for row in envelope["data"]] == [None, None]
    assert [len(row["permits"]) for row in envelope["data"]] == [2, 1]
    (missing,) = [one for one in envelope["sources"] if one["path"] == "debts"]
    assert (missing["node"], missing["state"], missing["code"]) == ("330200.revenue", state, code)
    assert "read_at" not in missing

    plain = await door.ask("trade.shops", ASKED)
    problem = plain.json()
    if state == "forbidden":
        assert (problem["code"], problem["node"], problem["path"]) == (code, "330200.revenue", "debts")
        assert plain.status_code == problem["status"]
    else:
        assert plain.status_code == (502 if state == "faulty" else 503)
        assert problem["code"] == ("source-faulty" if state == "faulty" else "source-missing")
        assert problem["sources"] == [
            {
                "node": "330200.revenue",
                "dataset": "revenue.debts",
                "path": "debts",
                "state": state,
                "code": code,
            }
        ]
        assert "330200.revenue" in problem["detail"]

    partial = await door.ask("trade.shops", ASKED, **PARTIAL)
    assert partial.status_code == 200
    assert partial.json() == envelope["data"]
    assert partial.headers["preference-applied"] == "partial=allow"
    assert partial.headers["langqiao-missing"] == f"330200.revenue/debts={state}"


async def test_a_source_that_never_answers_is_slow_and_leaves_time_to_say_so(door: Door) -> None:
    door.client.slow.add(REVENUE)
    envelope = await door.ask("trade.shops", ASKED, **ENVELOPE)
    assert _states(envelope)["debts@330200.revenue"] == "slow"
    assert (await door.ask("trade.shops", ASKED)).json()["sources"][0]["state"] == "slow"
    short = await door.ask("trade.shops", ASKED, **{**ENVELOPE, "Langqiao-Deadline-Ms": "400"})
    assert _states(short)["debts@330200.revenue"] == "slow"


@pytest.mark.parametrize("code", ["too-costly", "bad-cursor", "too-large", "too-many-hops"])
async def test_what_is_wrong_with_the_question_fails_it_in_either_form(door: Door, code: str) -> None:
    door.client.changes[REVENUE] = saying(code, estimate=7)
    for form in ({}, ENVELOPE, PARTIAL):
        answer = await door.ask("trade.shops", ASKED, **form)
        assert answer.json()["code"] == code
        assert (answer.json()["node"], answer.json()["estimate"]) == ("330200.revenue", 7)


async def test_one_missing_node_of_two_leaves_its_own_records_out(door: Door) -> None:
    door.client.changes[WEST] = down
    whole = await door.ask("trade.shops", {"select": "code,district", "order": "code"}, **ENVELOPE)
    assert {row["district"] for row in whole.json()["data"]} == {"330203"}
    assert _states(whole) == {"@330203.trade": "found", "@330205.trade": "down"}
    assert whole.json()["complete"] is False
    refused = await door.ask("trade.shops", {"select": "code"})
    assert (refused.status_code, refused.json()["code"]) == (503, "source-missing")
    embedded = await door.ask("licensing.permits", {"select": "permit_no,shop(name)", "limit": 2}, **ENVELOPE)
    assert [row["shop"] for row in embedded.json()["data"]] == [None, None]


async def test_without_any_node_of_the_root_even_a_partial_answer_fails(door: Door) -> None:
    door.client.changes[EAST] = door.client.changes[WEST] = down
    for form in ({}, PARTIAL):
        answer = await door.ask("trade.shops", ASKED, **form)
        assert (answer.status_code, answer.json()["code"]) == (503, "source-missing")
    enveloped = await door.ask("trade.shops", ASKED, **ENVELOPE)
    assert (enveloped.json()["data"], enveloped.json()["complete"]) == ([], False)


async def test_rows_that_a_missing_source_decides_are_left_out(door: Door) -> None:
    asked = {"select": "code,debts!inner(amount)", "code": "in.(s00,s01,s03)"}
    door.client.changes[REVENUE] = down
    enveloped = await door.ask("trade.shops", asked, **ENVELOPE, Prefer="count=exact")
    assert (enveloped.json()["data"], enveloped.json()["complete"]) == ([], False)
    assert "total" not in enveloped.json()
    assert (await door.ask("trade.shops", asked)).status_code == 503


async def test_rows_that_another_source_decides_against_fall_away_all_the_same(door: Door) -> None:
    """A shop without branches is no part of the answer, whatever its debts are: nothing is undecided."""
    asked = {"select": "code,debts!inner(amount),branches!inner(code)", "code": "in.(s20,s21)"}
    door.client.changes[REVENUE] = down
    enveloped = await door.ask("trade.shops", asked, **ENVELOPE)
    assert enveloped.json()["data"] == []


async def test_a_null_key_meets_nothing_whoever_is_away(door: Door) -> None:
    door.client.changes[url("330200.roll")] = down
    asked = {"select": "code,owner(name)", "code": "in.(s00,s02)"}
    rows = (await door.ask("trade.shops", asked, **PARTIAL)).json()
    assert rows == [{"code": "s00", "owner": None}, {"code": "s02", "owner": None}]
    lonely = await door.ask("trade.shops", {**asked, "code": "eq.s02"})
    assert (lonely.status_code, lonely.json()) == (200, [{"code": "s02", "owner": None}])


async def test_a_source_that_nobody_needs_may_be_away(door: Door) -> None:
    door.client.changes[REVENUE] = down
    answer = await door.ask("trade.shops", {**ASKED, "code": "eq.none"})
    assert (answer.status_code, answer.json()) == (200, [])


async def test_an_envelope_marks_what_is_refused_to_everybody_without_asking(door: Door) -> None:
    answer = await door.anonymous.post("/records/trade/shops/query", json=ASKED, headers=ENVELOPE)
    assert answer.status_code == 200
    (debts,) = [one for one in answer.json()["sources"] if one["path"] == "debts"]
    assert (debts["state"], debts["code"], debts["calls"]) == ("forbidden", "token-required", 0)
    assert [row["debts"] for row in answer.json()["data"]] == [None, None]
    assert not door.nodes["330200.revenue"].calls
    asked = {**ASKED, "code": "eq.none"}
    empty = await door.anonymous.post("/records/trade/shops/query", json=asked, headers=ENVELOPE)
    assert _states(empty)["debts@330200.revenue"] == "forbidden"


async def test_more_rows_than_asked_for_are_faulty(door: Door) -> None:
    door.client.changes[url("330200.licensing")] = with_rows(lambda rows: rows * 2)
    answer = await door.ask("licensing.permits", {"select": "status", "limit": 3})
    assert (answer.status_code, answer.json()["code"]) == (502, "source-faulty")


@pytest.mark.parametrize(
    "change", [with_header("content-range", "0-2/many"), with_header("content-range", "")]
)
async def test_a_count_that_is_none_is_faulty(door: Door, change: Change) -> None:
    door.client.changes[url("330200.licensing")] = change
    answer = await door.ask("licensing.permits", {"select": "status", "limit": 3}, Prefer="count=exact")
    assert (answer.status_code, answer.json()["code"]) == (502, "source-faulty")


async def test_pages_without_end_are_faulty(door: Door) -> None:
    endless = with_header("langqiao-next", "more")
    door.client.changes[REVENUE] = lambda answer: endless(with_body(b"[]")(answer))
    answer = await door.ask("trade.shops", ASKED, **ENVELOPE)
    assert _states(answer)["debts@330200.revenue"] == "faulty"


async def test_an_alias_of_any_characters_keeps_to_its_place_in_the_header_of_missing_sources(
    door: Door,
) -> None:
    door.client.changes[REVENUE] = down
    asked = {"select": 'name,"欠税\r\nSet-Cookie: a=b":debts(tax)', "code": "eq.s00"}
    answer = await door.ask("trade.shops", asked, **PARTIAL)
    assert answer.status_code == 200, answer.text
    shown = "%E6%AC%A0%E7%A8%8E%0D%0ASet-Cookie%3A%20a%3Db"
    assert answer.headers["langqiao-missing"] == f"330200.revenue/{shown}=down"
