"""What no matter bears as its number is one that there is not, also where the database cannot even be asked for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.cli.world.seeding import seed
from services.engine.synthetic.population import Size
from tests.clock import Clock
from tests.postgresql import FreshDatabase
from tests.services.departments.data_office.conftest import (
    ASKED,
    OFFICE,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    make_settings,
    opened,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ODD = ["R-2026-0000%0001", "%00", "%ED%A0%80", "R-2026-000001%0A", "廊桥"]


@pytest.fixture(scope="module")
def database(fresh_postgresql: FreshDatabase) -> str:
    database = fresh_postgresql()
    seed("data_office", database, Size())
    return database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def over_postgresql(
    database: str, trust: Trust, seeded: Path, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bureau]:
    settings = make_settings(tmp_path_factory.mktemp("numbers"), trust, seeded)
    changed = {"database_url": SecretStr(database)}
    async with opened(settings.model_copy(update=changed), trust, clock) as bureau:
        assert (await bureau.take(REQUESTER, "requests", ASKED)).status_code == 201
        yield bureau


@pytest.mark.parametrize("number", _ODD)
async def test_nothing_is_handled_of_an_odd_number(over_postgresql: Bureau, number: str) -> None:
    async with over_postgresql.client(OFFICE) as client:
        paths = ("requests/{}", "corrections/{}", "entries/{}", "entries/{}/users")
        answers = [await client.get(f"/office/{path.format(number)}") for path in paths]
    for member, path, body in (
        (PROVIDER, "requests/{}/agreed", {"second": "head-2"}),
        (PROVIDER, "corrections/{}/upheld", {"reason": "r"}),
        (OFFICE, "entries/{}/published", {}),
    ):
        answers.append(await over_postgresql.take(member, path.format(number), body))
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "unknown-record")}
