"""Lists of records: what comes, in which form, and how a caller walks on."""

import httpx
import pytest

from tests.clock import Clock
from tests.services.engine.api import office

VEHICLES = f"/records/{office.KIND}/vehicles"
OBJECT = {"Accept": "application/vnd.pgrst.object+json"}


async def _walk(client: httpx.AsyncClient, question: dict[str, object]) -> list[list[dict[str, object]]]:
    """Every page of a question, by following the cursor."""
    pages = []
    asked = dict(question)
    while True:
        answer = await client.post(f"{VEHICLES}/query", json=asked)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        if "langqiao-next" not in answer.headers:
            return pages
        asked["cursor"] = answer.headers["langqiao-next"]


async def test_get_and_post_answer_alike(member: httpx.AsyncClient) -> None:
    got = await member.get(f"{VEHICLES}?select=plate,price&colour=eq.red&order=price.desc&limit=3")
    posted = await member.post(
        f"{VEHICLES}/query",
        json={"select": "plate,price", "colour": "eq.red", "order": "price.desc", "limit": 3},
    )
    assert got.status_code == posted.status_code == 200
    assert got.json() == posted.json()
    assert got.headers["contract-version"] == "1"


async def test_values_travel_in_their_wire_form(owner: httpx.AsyncClient) -> None:
    answer = await owner.get(f"{VEHICLES}?plate=eq.A00&select=seats,price,registered_on,scrapped,owner_code")
    assert answer.json() == [
        {"seats": 2, "price": "100.50", "registered_on": "2020-06-01", "scrapped": False, "owner_code": None}
    ]


async def test_star_shows_what_the_caller_may_see(
    anonymous: httpx.AsyncClient, member: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    first = {
        name: (await client.get(f"{VEHICLES}?limit=1")).json()[0].keys() for name, client in _named(locals())
    }
    opened = {"plate", "colour", "division", "seats", "registered_on", "scrapped"}
    assert first["anonymous"] == opened
    assert first["member"] == opened | {"owner_code", "price", "remark"}
    assert first["owner"] == opened | {"owner_code", "price", "remark", "owner_id"}


async def test_a_grant_shows_its_items_in_its_rows_alone(granted: httpx.AsyncClient) -> None:
    answer = await granted.post(f"{VEHICLES}/query", json={"select": "colour,owner_id", "limit": 25})
    assert answer.status_code == 200, answer.text
    assert {row["colour"] for row in answer.json()} == {"red"}


@pytest.mark.parametrize("order", ["", "price.desc", "seats.asc,colour.desc", "registered_on.desc.nullslast"])
async def test_a_cursor_walk_equals_one_big_page(owner: httpx.AsyncClient, order: str) -> None:
    question = {"select": "plate,price,seats", **({"order": order} if order else {})}
    small = await _walk(owner, {**question, "limit": 7})
    large = await _walk(owner, question)
    assert [len(page) for page in small] == [7] * (office.VEHICLES // 7) + [office.VEHICLES % 7]
    assert [len(page) for page in large] == [25, 25, 10]
    assert [row for page in small for row in page] == [row for page in large for row in page]
    assert len({row["plate"] for page in small for row in page}) == office.VEHICLES


async def test_a_get_page_names_the_address_of_the_next(anonymous: httpx.AsyncClient) -> None:
    first = await anonymous.get(f"{VEHICLES}?select=plate&colour=in.(red,blue)&limit=5")
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    second = await anonymous.get(link[1 : link.index(">")])
    assert second.status_code == 200, second.text
    assert [row["plate"] for row in first.json()][-1] < second.json()[0]["plate"]


async def test_a_cursor_is_good_for_its_caller_its_question_and_a_while(
    member: httpx.AsyncClient, owner: httpx.AsyncClient, clock: Clock
) -> None:
    question = {"select": "plate", "limit": 5}
    cursor = (await member.post(f"{VEHICLES}/query", json=question)).headers["langqiao-next"]
    asked = {**question, "cursor": cursor}
    assert (await member.post(f"{VEHICLES}/query", json=asked)).status_code == 200
    for client, body in ((owner, asked), (member, {**asked, "colour": "eq.red"})):
        refused = await client.post(f"{VEHICLES}/query", json=body)
        assert refused.json()["code"] == "bad-cursor"
    clock.now = clock.now.replace(year=clock.now.year + 1)
    assert (await member.post(f"{VEHICLES}/query", json=asked)).status_code in (400, 401)


async def test_counts_and_ranges_follow_postgrest(anonymous: httpx.AsyncClient) -> None:
    exact = {"Prefer": "count=exact"}
    whole = await anonymous.get(f"{VEHICLES}?select=plate&limit=5", headers=exact)
    assert (whole.status_code, whole.headers["content-range"]) == (206, f"0-4/{office.VEHICLES}")
    ranged = await anonymous.get(f"{VEHICLES}?select=plate", headers={**exact, "Range": "10-14"})
    assert (ranged.status_code, ranged.headers["content-range"]) == (206, f"10-14/{office.VEHICLES}")
    assert len(ranged.json()) == 5
    uncounted = await anonymous.get(f"{VEHICLES}?select=plate&limit=5")
    assert (uncounted.status_code, uncounted.headers["content-range"]) == (200, "0-4/*")
    few = await anonymous.get(f"{VEHICLES}?select=plate&plate=in.(A00,A01)", headers=exact)
    assert (few.status_code, few.headers["content-range"]) == (200, "0-1/2")
    none = await anonymous.get(f"{VEHICLES}?select=plate&plate=eq.none", headers=exact)
    assert (none.status_code, none.headers["content-range"], none.json()) == (200, "*/0", [])


async def test_head_says_what_get_would(anonymous: httpx.AsyncClient) -> None:
    path = f"{VEHICLES}?select=plate&limit=5"
    got = await anonymous.get(path, headers={"Prefer": "count=exact"})
    head = await anonymous.head(path, headers={"Prefer": "count=exact"})
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-range", "contract-version", "content-type"):
        assert head.headers[name] == got.headers[name]


async def test_one_record_comes_as_an_object(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get(f"{VEHICLES}?select=plate&plate=eq.A07", headers=OBJECT)
    assert (answer.status_code, answer.json()) == (200, {"plate": "A07"})
    assert answer.headers["content-type"] == OBJECT["Accept"]


async def test_one_record_as_an_object_may_be_the_first_of_many(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get(f"{VEHICLES}?select=plate&order=plate.desc&limit=1", headers=OBJECT)
    assert answer.json() == {"plate": "A59"}


async def test_each_stage_is_timed_and_the_question_named(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get(f"{VEHICLES}?select=plate&limit=1", headers={"Langqiao-Question": "q-17"})
    stages = [part.split(";")[0] for part in answer.headers["server-timing"].split(", ")]
    assert stages == ["parse", "bind", "access", "cost", "select", "log"]
    assert answer.headers["langqiao-question"] == "q-17"
    assert answer.headers["cache-control"] == "no-store"


async def test_two_majors_are_served_side_by_side(anonymous: httpx.AsyncClient) -> None:
    path = f"/records/{office.KIND}/inspections?limit=1"
    first = await anonymous.get(path)
    second = await anonymous.get(path, headers={"Contract-Version": "2"})
    assert (first.headers["contract-version"], second.headers["contract-version"]) == ("1", "2")
    assert second.json()[0].keys() - first.json()[0].keys() == {"inspected_at"}
    assert second.json()[0]["inspected_at"] == "2026-01-31T00:00:00Z"


def _named(local: dict[str, object]) -> list[tuple[str, httpx.AsyncClient]]:
    return [(name, one) for name, one in local.items() if isinstance(one, httpx.AsyncClient)]
