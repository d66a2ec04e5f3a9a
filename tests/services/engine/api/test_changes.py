"""What became of what a caller holds: the events of one's own rows, and nothing ever of others."""

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from schemas.trust.message import Message, sign
from services.client.holding import Holding, Unfinished
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, GATEWAY, Trust, client_of
from tests.services.engine.api.logged import entries_of, named, person
from tests.waiting import until

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"
_COLOURS = {"A": "red", "B": "green", "C": "blue"}
_ASKED = {"select": "plate,owner_id"}


@dataclass
class Reader:
    """Somebody who follows a question."""

    client: httpx.AsyncClient
    asked: Mapping[str, Any]
    holds: Holding = field(default_factory=Holding)

    async def follow(self) -> list[tuple[str, str]]:
        """What was told, as kind and record id, after it was taken in."""
        before = set(self.holds.versions)
        answer = await self.client.post(f"{VEHICLES}/changes", json=self.holds.body(self.asked))
        assert answer.status_code == 200, answer.text
        told = self.holds.take(answer.content)
        for one in told:
            assert (one.type == "created") is (one.record_id not in before)
        end = orjson.loads(answer.content.splitlines()[-1])["end"]
        assert sum(end[kind] for kind in ("created", "updated", "deleted")) == len(told)
        return [(one.type, one.record_id) for one in told]

    @property
    def plates(self) -> set[str]:
        return {str(record["plate"]) for record in self.holds.records.values()}


class Table:
    """The office's own table of vehicles, written by an old program of the office."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.database_url.get_secret_value().removeprefix("sqlite:///")

    def run(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(statement, values)

    def captured(self) -> bool:
        with closing(sqlite3.connect(self._path)) as connection, suppress(sqlite3.OperationalError):
            [(known,)] = connection.execute("SELECT count(*) FROM lq_record WHERE dataset LIKE '%.vehicles'")
            return bool(known == office.VEHICLES)
        return False

    def paint(self, plate: str, letter: str) -> None:
        self.run("UPDATE cl_jdcxx SET csys = ? WHERE hphm = ?", letter, plate)

    def reds(self) -> set[str]:
        with closing(sqlite3.connect(self._path)) as connection:
            return {plate for (plate,) in connection.execute("SELECT hphm FROM cl_jdcxx WHERE csys = 'A'")}


@pytest.fixture
async def table(settings: Settings, app: FastAPI) -> Table:
    made = Table(settings)
    await until(made.captured, what="capture stands on the table, and versions count")
    return made


@pytest.fixture
def reader(granted: httpx.AsyncClient, table: Table) -> Reader:
    """Whose grant is for the owners of red vehicles."""
    return Reader(granted, _ASKED)


async def test_whoever_holds_nothing_is_told_the_rows_of_the_grant_and_then_nothing(
    reader: Reader, table: Table
) -> None:
    first = await reader.follow()
    assert {kind for kind, _ in first} == {"created"}
    assert reader.plates == table.reds()
    assert len(first) > 10, "more than a page of the node's"
    assert await reader.follow() == []


async def test_a_record_that_leaves_the_rows_is_deleted_and_one_that_enters_is_created(
    reader: Reader, table: Table
) -> None:
    await reader.follow()
    table.paint("A00", "B")
    table.paint("A01", "A")
    table.run("UPDATE cl_jdcxx SET syr_sfzh = ? WHERE hphm = 'A03'", office.owner_id(77))
    table.run("DELETE FROM cl_jdcxx WHERE hphm = 'A06'")
    assert sorted(await reader.follow()) == [
        ("created", "A01"),
        ("deleted", "A00"),
        ("deleted", "A06"),
        ("updated", "A03"),
    ]
    assert reader.holds.records["A03"]["owner_id"] == office.owner_id(77)


async def test_what_is_outside_the_rows_is_never_told_of(reader: Reader, table: Table) -> None:
    await reader.follow()
    table.paint("A01", "C")
    table.run("DELETE FROM cl_jdcxx WHERE hphm = 'A04'")
    table.run("UPDATE cl_jdcxx SET zws = 9 WHERE hphm = 'A02'")
    assert await reader.follow() == []


async def test_ids_that_were_guessed_are_answered_alike_whether_their_records_are_outside_or_not_there(
    reader: Reader,
) -> None:
    await reader.follow()
    reader.holds.versions |= {"A01": "1.1", "Z99": "1.1"}
    assert sorted(await reader.follow()) == [("deleted", "A01"), ("deleted", "Z99")]


async def test_after_any_changes_a_reader_holds_what_a_reader_who_begins_is_told(
    reader: Reader, granted: httpx.AsyncClient, table: Table
) -> None:
    chance = random.Random(7)
    for _ in range(8):
        for _ in range(chance.randrange(12)):
            plate = f"A{chance.randrange(office.VEHICLES):02d}"
            if chance.random() < 0.2:
                table.run("DELETE FROM cl_jdcxx WHERE hphm = ?", plate)
            else:
                table.run("INSERT OR IGNORE INTO cl_jdcxx (hphm, csys) VALUES (?, 'B')", plate)
                table.paint(plate, chance.choice(sorted(_COLOURS)))
        await reader.follow()
        beginner = Reader(granted, _ASKED)
        await beginner.follow()
        assert reader.holds == beginner.holds
        assert reader.plates == table.reds()


async def test_a_reader_of_much_follows_it_in_parts(granted: httpx.AsyncClient, table: Table) -> None:
    parts = [Reader(granted, {**_ASKED, "seats": seats}) for seats in ("lt.4", "gte.4")]
    for one in parts:
        await one.follow()
    assert parts[0].plates | parts[1].plates == table.reds()
    table.run("UPDATE cl_jdcxx SET zws = 5 WHERE hphm = 'A00'")
    assert [await one.follow() for one in parts] == [[("deleted", "A00")], [("created", "A00")]]


async def test_what_is_told_is_entered_page_by_page_with_whom_it_is_about(
    reader: Reader, settings: Settings
) -> None:
    await reader.follow()
    entries = entries_of(settings)
    assert [one["records"] for one in entries] == [10, 10]
    assert all(
        (one["act"], one["grant"], one["items"]) == ("read", "G-1", ["owner_id", "plate"]) for one in entries
    )
    assert _named_in(entries) >= {person(3 * number) for number in range(20)}


async def test_that_nothing_changed_is_told_of_each_record_and_entered_as_told(
    reader: Reader, table: Table, settings: Settings
) -> None:
    await reader.follow()
    told_first = entries_of(settings)
    assert await reader.follow() == []
    [still] = entries_of(settings)[2:]
    assert (still["records"], set(still["subjects"])) == (20, _named_in(told_first))
    table.run("UPDATE cl_jdcxx SET zws = 9 WHERE hphm = 'A03'")
    await reader.follow()
    with_news, without = entries_of(settings)[3:]
    assert (with_news["records"], without["records"]) == (10, 10)
    assert _named_in([with_news, without]) == _named_in(told_first)


async def test_ids_that_name_somebody_are_entered_found_or_not(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    """By public ids that say whom a record is about, as credit codes do."""
    _have_plates_name_somebody(settings)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, trust.headers(ASKER), trust) as client:
        await until(Table(settings).captured, what="capture stands on the table")
        guessed = {"Z98": "1.1", "A01": "0.1", " no id": "1.1"}
        body = {"select": "colour", "colour": "eq.red", "held": guessed}
        answer = await client.post(f"{VEHICLES}/changes", json=body)
    assert answer.content.count(b'"deleted","record_id"') == 3
    kind = f"{office.KIND}.vehicles.plate"
    assert {named(kind, "Z98"), named(kind, "A01")} <= set(entries_of(settings)[0]["subjects"])


def _named_in(entries: list[dict[str, Any]]) -> set[str]:
    return {name for one in entries for name in one["subjects"]}


def _have_plates_name_somebody(settings: Settings) -> None:
    assert settings.contracts_dir is not None
    path = settings.contracts_dir / office.KIND / "vehicles.v1.odcs.yaml"
    contract = orjson.loads(path.read_bytes())
    [subjects] = [one for one in contract["customProperties"] if one["property"] == "subjects"]
    subjects["value"].append("plate")
    path.write_bytes(orjson.dumps(contract))


async def test_pseudonymous_ids_do_as_well(app: FastAPI, trust: Trust, clock: Clock) -> None:
    async with client_of(app, trust.headers(office.OWNER), trust) as owner:
        answer = await owner.post(f"{DRIVERS}/changes", json={"select": "name"})
        *told, _ = [orjson.loads(line) for line in answer.content.splitlines()]
        held = {one["record_id"]: one["record_version"] for one in told}
        gone = {"nobody": "1.1"}
        again = await owner.post(f"{DRIVERS}/changes", json={"select": "name", "held": held | gone})
    assert len(held) == 12
    assert orjson.loads(again.content.splitlines()[0]) == {"type": "deleted", "record_id": "nobody"}
    assert orjson.loads(again.content.splitlines()[1])["end"] == {"created": 0, "updated": 0, "deleted": 1}


_REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "held as a list": ({"held": ["A00"]}, 400, "bad-body"),
    "versions as numbers": ({"held": {"A00": 1}}, 400, "bad-body"),
    "too much held": ({"held": {f"A{number}": "1.1" for number in range(10_001)}}, 413, "too-large"),
    "a window": ({"limit": 5}, 400, "bad-body"),
    "an order": ({"order": "plate"}, 400, "bad-body"),
    "an item without a grant": ({"select": "secret"}, 403, "item-withheld"),
}


@pytest.mark.parametrize("what", _REFUSED)
async def test_what_cannot_be_followed_is_refused(
    granted: httpx.AsyncClient, settings: Settings, what: str
) -> None:
    body, status, code = _REFUSED[what]
    answer = await granted.post(f"{VEHICLES}/changes", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert entries_of(settings) == []


async def test_nobody_in_particular_follows_nothing_for_versions_are_for_members(
    anonymous: httpx.AsyncClient,
) -> None:
    answer = await anonymous.post(f"{VEHICLES}/changes", json={"select": "plate"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-required")


async def test_a_gateway_follows_nothing_for_anybody(
    anonymous: httpx.AsyncClient, trust: Trust, settings: Settings
) -> None:
    said = trust.headers(ASKER, purpose="grant:G-1") | {"Langqiao-Node": office.OWNER}
    headers = {name.lower(): text for name, text in said.items()}
    body = orjson.dumps(_ASKED)
    message = Message("POST", f"{VEHICLES}/changes", "", headers, body)
    signed = headers | sign(message, trust.systems[GATEWAY], datetime.now(UTC))
    answer = await anonymous.post(message.path, content=body, headers=signed)
    assert (answer.status_code, answer.json()["reason"]) == (401, "wrong-sender")
    assert entries_of(settings) == []


@pytest.mark.parametrize("cut", [0, 1, 40])
async def test_an_answer_without_its_end_is_not_taken_in(reader: Reader, cut: int) -> None:
    answer = await reader.client.post(f"{VEHICLES}/changes", json=_ASKED)
    with pytest.raises(Unfinished):
        reader.holds.take(answer.content[: -cut or 0] if cut else b"")
    assert reader.holds == Holding()
