"""The office's two clocks: legal days are those of civil time, which a demo alone moves."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from schemas.law.sharing.limits import legal_day
from services.departments.data_office.office import Office, read_calendar
from services.engine.node import BadDepartment
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.departments.data_office.conftest import (
    ASKED,
    FREE,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    make_settings,
    opened,
)


@pytest.fixture
def settings(tmp_path: Path, trust: Trust, seeded: Path) -> Settings:
    """Of an office of each test's own."""
    return make_settings(tmp_path, trust, seeded)


async def _moved(bureau: Bureau, member: str, days: object) -> int:
    async with bureau.client(member) as client:
        return (await client.post(f"/office/civil-time?ahead_days={days}")).status_code


async def test_outside_a_demo_nobody_moves_civil_time(settings: Settings, trust: Trust, clock: Clock) -> None:
    async with opened(settings, trust, clock) as bureau:
        assert await _moved(bureau, OFFICE, 10) == 404
        office: Office = bureau.app.state.office
        assert office.clocks.civil() == office.clocks.security()


async def test_in_a_demo_the_office_moves_it_ahead_and_what_is_over_ends(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    async with opened(settings.model_copy(update={"environment": "demo"}), trust, clock) as bureau:
        until = str(legal_day(clock()) + timedelta(days=30))
        told = (await bureau.take(REQUESTER, "requests", {**FREE, "until": until})).json()
        request_id = told["request_id"]
        assert request_id in (await bureau.grants(PROVIDER)).by_id
        assert await _moved(bureau, OTHER, 40) == 404
        assert await _moved(bureau, OFFICE, "many") == 400
        assert await _moved(bureau, OFFICE, 40) == 200
        assert await _moved(bureau, OFFICE, 39) == 400
        [record] = await bureau.read(f"requests?request_id=eq.{request_id}")
        assert (record["state"], record["steps"]) == ("ended", 5)
        [end, order] = (
            await bureau.read(
                f"request_steps?select=kind,at,recorded_at&request_id=eq.{request_id}&order=number"
            )
        )[3:]
        assert (end["kind"], order["kind"]) == ("ended", "disposal-ordered")
        assert end["at"][:10] > end["recorded_at"][:10], "security time is not moved"
        assert request_id not in (await bureau.grants(PROVIDER)).by_id


async def test_a_last_day_beyond_the_calendars_is_pending_and_told_when_its_year_is_loaded(
    settings: Settings, trust: Trust, clock: Clock, tmp_path: Path
) -> None:
    ahead = {"environment": "demo"}
    async with opened(settings.model_copy(update=ahead), trust, clock) as bureau:
        assert await _moved(bureau, OFFICE, 3_000) == 200
        office: Office = bureau.app.state.office
        year = office.clocks.today().year
        told = (await bureau.take(REQUESTER, "requests", ASKED)).json()
        assert (told["due_on"], told["pending_calendar"]) == (None, year)
    calendars = tmp_path / "calendars"
    calendars.mkdir()
    for one in (year, year + 1):
        (calendars / f"{one}.json").write_bytes(orjson.dumps({"holidays": [f"{one}-01-01"]}))
    loaded = settings.model_copy(update={**ahead, "calendars_folder": calendars})
    async with opened(loaded, trust, clock) as bureau:
        assert await _moved(bureau, OFFICE, 3_000) == 200
        [record] = await bureau.read(f"requests?request_id=eq.{told['request_id']}")
        assert (record["pending_calendar"], record["steps"]) == (None, 1)
        assert record["due_on"] > str(office.clocks.today())


@pytest.mark.parametrize(("name", "text"), [("2031.json", "{"), ("next.json", "{}"), ("2031.json", "{}")])
async def test_a_calendar_that_is_none_stops_the_start(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadDepartment, match=name):
        read_calendar(tmp_path)


async def test_an_office_without_a_key_signs_no_grants(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    keyless = settings.model_copy(update={"grants_key_file": None})
    async with opened(keyless, trust, clock) as bureau, bureau.client(PROVIDER) as client:
        assert (await client.get(f"/office/grants/{PROVIDER}")).json()["code"] == "not-ready"


async def test_a_key_file_that_holds_no_key_stops_the_start(
    settings: Settings, trust: Trust, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "poor.key.pem").write_bytes(b"no key at all, but long enough to be one")
    with pytest.raises(BadDepartment, match=r"poor\.key\.pem"):
        async with opened(
            settings.model_copy(update={"grants_key_file": tmp_path / "poor.key.pem"}), trust, clock
        ):
            pass
