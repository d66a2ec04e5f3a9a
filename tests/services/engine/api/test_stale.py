"""A service that starts while one of its tables does not fit: what fitted before waits alone, what never did stops the
start."""

import sqlite3
from contextlib import closing

import pytest

from services.engine import attaching
from services.engine.api.app import create_app
from services.engine.capture.attach import CannotAttach
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ready, reasons, running
from tests.waiting import until

_VEHICLES, _INSPECTIONS = (f"/records/{office.KIND}/{name}?limit=1" for name in ("vehicles", "inspections"))


def _execute(settings: Settings, *statements: str) -> None:
    file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection, connection:
        for one in statements:
            connection.execute(one)


def _drop_column(settings: Settings) -> None:
    triggers = [f"DROP TRIGGER IF EXISTS lq_{office.KIND}_vehicles_{deed}" for deed in _DEEDS]
    _execute(settings, *triggers, "ALTER TABLE cl_jdcxx DROP COLUMN bz")


_DEEDS = ("created", "updated", "rekeyed", "deleted")


async def test_a_service_starts_with_a_stale_dataset_and_takes_it_up_when_it_fits_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attaching, "_AGAIN_SECONDS", 0.1)
    async with running(create_app(office.DEPARTMENT, settings)) as client:
        await until(lambda: ready(client), what="the node says that it is ready")
    _drop_column(settings)
    async with running(create_app(office.DEPARTMENT, settings)) as client:
        await until(lambda: ready(client), what="the node says that it is ready")
        assert "vehicles is stale: the column bz is gone" in await reasons(client)
        assert (await client.get(_VEHICLES)).json()["code"] == "dataset-stale"
        assert (await client.get(_INSPECTIONS)).status_code == 200
        _execute(settings, "ALTER TABLE cl_jdcxx ADD COLUMN bz text")

        async def well() -> bool:
            return not await reasons(client)

        await until(well, what="capture is in place again, and the dataset answers")
        assert (await client.get(_VEHICLES)).status_code == 200


async def test_a_table_that_is_swapped_for_another_is_captured_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attaching, "_AGAIN_SECONDS", 0.1)
    async with running(create_app(office.DEPARTMENT, settings)) as client:
        await until(lambda: ready(client), what="the node says that it is ready")
        file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
        with closing(sqlite3.connect(file)) as connection:
            [(table,)] = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'cl_jdcxx'"
            ).fetchall()
        _execute(settings, "DROP TABLE cl_jdcxx", table, "INSERT INTO cl_jdcxx (hphm) VALUES ('A99')")

        def captured() -> bool:
            with closing(sqlite3.connect(file)) as connection:
                query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'cl_jdcxx'"
                return connection.execute(query).fetchone() == (4,)

        await until(captured, what="the triggers stand again")


async def test_a_table_that_never_fitted_stops_the_start(settings: Settings) -> None:
    _execute(settings, "ALTER TABLE cl_jdcxx DROP COLUMN bz")
    with pytest.raises(CannotAttach, match="no column bz"):
        async with running(create_app(office.DEPARTMENT, settings)):
            pass
