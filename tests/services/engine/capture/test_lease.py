"""The lease: one holder at a time, under a number that never comes again."""

import pytest

from services.engine.capture import lease
from services.engine.capture.attach import attach
from services.engine.capture.lease import LeaseLost
from tests.stores import Store
from tests.waiting import until


@pytest.fixture
async def engine(store: Store) -> Store:
    """A store with the engine's tables alone."""
    await attach(store.database, (), outbox_limit=1_000)
    return store


async def test_one_holder_at_a_time(engine: Store) -> None:
    write = engine.database.write
    assert await write(lease.take, "one", 60.0) == 1
    assert await write(lease.take, "other", 60.0) is None
    await write(lease.hold, 1, 60.0)


async def test_a_lease_that_ran_out_is_taken_under_the_next_number(engine: Store) -> None:
    write = engine.database.write
    assert await write(lease.take, "one", 0.05) == 1
    fence = await until(lambda: write(lease.take, "other", 60.0))
    assert fence == 2
    with pytest.raises(LeaseLost):
        await write(lease.hold, 1, 60.0)


async def test_a_lease_that_ran_out_and_that_nobody_took_goes_on(engine: Store) -> None:
    await engine.database.write(lease.take, "one", 0.0)
    await engine.database.write(lease.hold, 1, 60.0)
    assert await engine.database.write(lease.take, "other", 60.0) is None


async def test_a_lease_from_before_the_clock_went_back_binds_nobody(engine: Store) -> None:
    await engine.database.write(lease.take, "dead", 60.0)
    await engine.program.execute(f"UPDATE {engine.engine('lease')} SET until = until + 3600")
    assert await engine.database.write(lease.take, "other", 60.0) == 2


async def test_a_released_lease_is_free_at_once(engine: Store) -> None:
    await engine.database.write(lease.take, "one", 60.0)
    await engine.database.write(lease.release, 1)
    assert await engine.database.write(lease.take, "other", 60.0) == 2


async def test_who_lost_the_lease_changes_nothing(engine: Store) -> None:
    write = engine.database.write
    await write(lease.take, "one", 60.0)
    await write(lease.release, 1)
    await write(lease.take, "other", 60.0)
    deeds: list[str] = []
    with pytest.raises(LeaseLost):
        await write(lease.holding, 1, 60.0, lambda connection: deeds.append("done"))
    assert deeds == []
