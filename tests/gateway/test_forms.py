"""The forms of an answer: counts, ranges, one object, headers, cursors; as PostgREST's clients expect them."""

from datetime import timedelta

import pytest

from tests.gateway import town
from tests.gateway.conftest import Door, caller, member_headers, nodes_of_town, open_door

SHOPS = "/records/trade/shops"
OBJECT = {"Accept": "application/vnd.pgrst.object+json"}
EXACT = {"Prefer": "count=exact"}


async def test_get_and_post_answer_alike(door: Door) -> None:
    got = await door.member.get(
        f"{SHOPS}?select=code,permits(status)&staff=gte.2&permits.order=status&order=name.desc&limit=3"
    )
    asked = {
        "select": "code,permits(status)",
        "staff": "gte.2",
        "permits.order": "status",
        "order": "name.desc",
        "limit": 3,
    }
    posted = await door.ask("trade.shops", asked)
    assert got.status_code == posted.status_code == 200
    assert got.json() == posted.json()
    assert got.headers["contract-version"] == "1"
    assert got.headers["content-type"] == "application/json"


async def test_values_travel_as_the_department_wrote_them(door: Door) -> None:
    asked = {"select": "code,staff,capital,opened_on,parent_code", "code": "eq.s03"}
    assert (await door.ask("trade.shops", asked)).json() == [
        {"code": "s03", "staff": 3, "capital": "100.50", "opened_on": "2020-06-02", "parent_code": "s00"}
    ]


async def test_star_shows_what_the_caller_may_see_beside_embeds(door: Door) -> None:
    opened = {"code", "name", "district", "staff", "opened_on", "parent_code"}
    question = f"{SHOPS}?select=*,account(*)&code=eq.s00"
    (record,) = (await door.anonymous.get(question)).json()
    assert record.keys() == opened | {"account"}
    assert record["account"] == {"code": "s00", "grade": "A"}
    (record,) = (await door.member.get(question)).json()
    assert record.keys() == opened | {"capital", "owner_id", "account"}


async def test_embeds_alone_may_be_selected(door: Door) -> None:
    asked = {"select": "mine:permits(permit_no)", "code": "eq.s00", "mine.limit": 1}
    assert (await door.ask("trade.shops", asked)).json() == [{"mine": [{"permit_no": "p00"}]}]


@pytest.mark.parametrize(
    ("question", "headers", "status", "content_range", "rows"),
    [
        ("select=code&limit=5", {}, 200, "0-4/*", 5),
        ("select=code&limit=5", EXACT, 206, "0-4/30", 5),
        ("select=code", EXACT, 200, "0-29/30", 30),
        ("select=code&offset=28", EXACT, 206, "28-29/30", 2),
        ("select=code&offset=30", EXACT, 206, "*/30", 0),
        ("select=code&limit=0", EXACT, 206, "*/30", 0),
        ("select=code&code=eq.none", EXACT, 200, "*/0", 0),
        ("select=code", {**EXACT, "Range": "10-14"}, 206, "10-14/30", 5),
        ("select=code", {"Range": "items=28-"}, 200, "28-29/*", 2),
        ("select=code,permits!inner(status)&limit=3", EXACT, 206, "0-2/20", 3),
        ("select=code,permits!inner(status)&offset=18", EXACT, 206, "18-19/20", 2),
        ("select=code&limit=5", {"Prefer": "count=planned"}, 206, "0-4/30", 5),
    ],
)
async def test_counts_and_ranges_follow_postgrest(
    door: Door, question: str, headers: dict[str, str], status: int, content_range: str, rows: int
) -> None:
    answer = await door.anonymous.get(f"{SHOPS}?{question}", headers=headers)
    assert (answer.status_code, answer.headers["content-range"], len(answer.json())) == (
        status,
        content_range,
        rows,
    )
    head = await door.anonymous.head(f"{SHOPS}?{question}", headers=headers)
    assert (head.status_code, head.content) == (status, b"")
    for name in ("content-range", "contract-version", "content-type"):
        assert head.headers[name] == answer.headers[name]


@pytest.mark.parametrize("question", ["select=code", "select=code,permits!inner(status)"])
async def test_a_range_behind_the_count_is_416(door: Door, question: str) -> None:
    answer = await door.anonymous.get(f"{SHOPS}?{question}&offset=31", headers=EXACT)
    assert (answer.status_code, answer.json()["code"]) == (416, "bad-range")
    assert answer.headers["content-range"].startswith("*/")
    one = await door.anonymous.get("/records/licensing/permits?offset=31", headers=EXACT)
    assert (one.status_code, one.headers["content-range"]) == (416, "*/24")
    assert (await door.anonymous.get(f"{SHOPS}?{question}&offset=31")).json() == []


async def test_head_asks_no_embed_that_only_hangs_on_the_rows(door: Door) -> None:
    await door.anonymous.head(f"{SHOPS}?select=code,permits(status),branches!inner(code)", headers=EXACT)
    assert not door.nodes["330200.licensing"].calls


async def test_one_record_comes_as_an_object(door: Door) -> None:
    answer = await door.ask("trade.shops", {"select": "code,account(grade)", "code": "eq.s07"}, **OBJECT)
    assert (answer.status_code, answer.json()) == (200, {"code": "s07", "account": None})
    assert answer.headers["content-type"] == OBJECT["Accept"]
    limited = await door.ask("trade.shops", {"select": "code", "order": "code", "limit": 1}, **OBJECT)
    assert limited.json() == {"code": "s00"}


@pytest.mark.parametrize(("asked", "said"), [("eq.none", "0 rows"), ("neq.none", "more than one row")])
async def test_not_one_record_is_406_in_postgrests_words(door: Door, asked: str, said: str) -> None:
    answer = await door.ask("trade.shops", {"code": asked}, **OBJECT)
    problem = answer.json()
    assert (answer.status_code, problem["details"]) == (406, f"The result contains {said}")
    assert problem["message"] == "Cannot coerce the result to a single JSON object."


async def test_a_get_page_names_the_address_of_the_next(door: Door) -> None:
    first = await door.anonymous.get(
        f"{SHOPS}?select=code,permits(status)&staff=in.(1,2)&order=staff&limit=5"
    )
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    second = await door.anonymous.get(link[1 : link.index(">")])
    assert second.status_code == 200, second.text
    assert second.headers["content-range"] == "5-9/*"
    assert not {row["code"] for row in first.json()} & {row["code"] for row in second.json()}


@pytest.mark.parametrize(("select", "total"), [("code", town.SHOPS), ("code,permits!inner(status)", 20)])
async def test_a_cursor_goes_on_in_the_envelope_and_counts_alike(door: Door, select: str, total: int) -> None:
    form = {"Accept": "application/vnd.langqiao.answer+json", **EXACT}
    asked: dict[str, object] = {"select": select, "order": "name", "limit": 7}
    pages, totals = [], []
    while True:
        answer = await door.ask("trade.shops", asked, **form)
        assert answer.status_code == 200
        pages += answer.json()["data"]
        totals.append(answer.json()["total"])
        if "langqiao-next" not in answer.headers:
            break
        asked = {**asked, "cursor": answer.headers["langqiao-next"]}
    assert len({row["code"] for row in pages}) == len(pages) == total
    assert set(totals) == {total}
    assert len(totals) == -(-total // 7)


async def test_a_cursor_is_good_for_its_caller_its_question_and_a_while(door: Door) -> None:
    question: dict[str, object] = {"select": "code", "limit": 5}
    cursor = (await door.ask("trade.shops", question)).headers["langqiao-next"]
    asked = {**question, "cursor": cursor}
    assert (await door.ask("trade.shops", asked)).status_code == 200
    assert (await door.ask("trade.shops", {**asked, "staff": "eq.1"})).json()["code"] == "bad-cursor"
    assert (await door.ask("trade.shops", {**asked, "limit": 6})).json()["code"] == "bad-cursor"
    for who in (member_headers("330200.police"), member_headers(on_behalf="330200.police")):
        async with caller(door.app, who) as other:
            refused = await other.post(f"{SHOPS}/query", json=asked)
        assert refused.json()["code"] == "bad-cursor"
    altered = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert (await door.ask("trade.shops", {**question, "cursor": altered})).json()["code"] == "bad-cursor"
    door.clock.now += timedelta(hours=1)
    assert (await door.ask("trade.shops", asked)).json()["code"] == "bad-cursor"


async def test_a_cursor_says_so_when_other_nodes_keep_the_dataset() -> None:
    nodes = nodes_of_town()
    async with open_door(nodes) as door:
        question: dict[str, object] = {"select": "code", "limit": 5}
        cursor = (await door.ask("trade.shops", question)).headers["langqiao-next"]
        moved = nodes_of_town()["330205.trade"]
        moved.node = "330205.commerce"
        door.client.apps = {**door.client.apps, "http://330205.trade": moved.app}
        await door.watch.refresh()
        refused = await door.ask("trade.shops", {**question, "cursor": cursor})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad-cursor")


async def test_at_most_so_many_rows_come_at_once() -> None:
    async with open_door(nodes_of_town(), max_rows=8) as door:
        answer = await door.ask("trade.shops", {"select": "code"})
        assert len(answer.json()) == 8
        assert "langqiao-next" in answer.headers
        assert len((await door.ask("trade.shops", {"select": "code", "limit": 20})).json()) == 8


async def test_each_stage_is_timed_and_the_question_named(door: Door) -> None:
    answer = await door.ask("trade.shops", {"select": "code"}, **{"Langqiao-Question": "q-17"})
    stages = [part.split(";")[0] for part in answer.headers["server-timing"].split(", ")]
    assert stages == ["parse", "bind", "refuse", "plan", "run", "answer"]
    assert answer.headers["langqiao-question"] == "q-17"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_description_names_the_data_routes(door: Door) -> None:
    document = (await door.anonymous.get("/openapi.json")).json()
    assert document["paths"]["/records/trade/shops"].keys() == {"get", "head"}
    assert "/records/trade/shops/query" in document["paths"]
    record = document["components"]["schemas"]["trade.shops.v1"]["properties"]
    assert "remark" not in record
    assert record["permits"]["items"] == {"$ref": "#/components/schemas/licensing.permits.v1"}
    filters = {one["name"] for one in document["paths"]["/records/trade/shops"]["get"]["parameters"]}
    assert "staff" in filters
    assert "owner_id" not in filters
    assert (await door.anonymous.get("/docs")).status_code == 200
