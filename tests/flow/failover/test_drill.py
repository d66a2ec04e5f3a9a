"""The drill: a department at work loses its engine's tables, or its whole database, and gets them back from a backup of
another time. The topics fold to the table again, and no subscriber sees a version go back."""

import random
from pathlib import Path
from typing import Any

from services.engine.capture import archive, keeping, restoring
from services.engine.capture.keeping import Owner
from services.engine.capture.tables import SQLITE, engine_tables
from services.engine.pseudonym_keys import fingerprint
from tests import workshop
from tests.brokers import Broker
from tests.flow.events.checker import altered, gone_back
from tests.flow.events.shop import Shop, opened, write_at_random
from tests.stores import Store

_OWNER = Owner("330203.workshop", fingerprint(workshop.SECRET), {})


async def test_a_department_that_lost_its_engines_tables_tells_everything_again(
    store: Store, shared_broker: Broker, tmp_path: Path
) -> None:
    shop = await opened(store, shared_broker)
    await _at_work(shop, 1)
    await _backup(shop, tmp_path)
    await write_at_random(store.program, random.Random(2), 40)
    await _at_work(shop, 3)
    await _lose_engine_tables(store)
    await write_at_random(store.program, random.Random(4), 40)
    assert await _restore(shop, tmp_path) == 2
    await _at_work(shop, 5)
    await _nothing_went_back(shop)


async def test_a_department_whose_database_is_an_hour_older_takes_back_what_it_no_longer_has(
    store: Store, shared_broker: Broker, tmp_path: Path
) -> None:
    shop = await opened(store, shared_broker)
    await _at_work(shop, 11)
    old_table = await store.program.rows("SELECT * FROM ws_tool")
    await _at_work(shop, 12)
    await _backup(shop, tmp_path)
    await store.program.insert("ws_tool", no="lost", nm="made in the last hour")
    await _at_work(shop, 13)
    await _lose_engine_tables(store)
    await store.program.execute("DELETE FROM ws_tool")
    for row in old_table:
        await store.program.insert("ws_tool", **dict(zip(workshop.TOOL_TABLE.columns, row, strict=True)))
    await _restore(shop, tmp_path)
    await _at_work(shop, 14)
    await _nothing_went_back(shop)
    assert (await shop.told(shop.topic("public")))[-1].order[0] > 1


async def test_a_department_goes_back_to_a_backup_over_what_it_has(
    sqlite_store: Store, shared_broker: Broker, tmp_path: Path
) -> None:
    """Also where its epoch is newer than the backup's."""
    shop = await opened(sqlite_store, shared_broker)
    await _at_work(shop, 21)
    await _backup(shop, tmp_path)
    assert await _restore(shop, tmp_path, over=True) == 2
    await _at_work(shop, 22)
    assert await _restore(shop, tmp_path, over=True) > 2
    await _at_work(shop, 23)
    await _nothing_went_back(shop)


async def _at_work(shop: Shop, seed: int) -> None:
    async with shop.relay(f"relay {seed}"):
        await write_at_random(shop.store.program, random.Random(seed), 40)
        await shop.until_right()


async def _backup(shop: Shop, folder: Path) -> None:
    await keeping.backup(shop.store.database, _OWNER, {}, folder / "state.zip")


async def _restore(shop: Shop, folder: Path, **how: Any) -> int:
    with archive.opened(folder / "state.zip") as found:
        return await restoring.restore(
            shop.store.database,
            workshop.MAPPINGS,
            found,
            _OWNER,
            **{"over": False, "outbox_limit": 1_000, **how},
        )


async def _lose_engine_tables(store: Store) -> None:
    """On SQLite the triggers are lost too: without their tables they would fail every writer."""
    if store.name != SQLITE:
        await store.program.execute("SET client_min_messages = warning; DROP SCHEMA langqiao CASCADE")
        return
    for (name,) in await store.program.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        await store.program.execute(f"DROP TRIGGER {name}")
    for table in engine_tables(SQLITE).metadata.tables:
        await store.program.execute(f"DROP TABLE {table}")
    await store.program.execute("DROP TABLE lq_alembic_version")


async def _nothing_went_back(shop: Shop) -> None:
    for _, channel in shop.channels:
        told = await shop.told(channel.topic)
        assert gone_back(told) == []
        assert altered(told) == []
