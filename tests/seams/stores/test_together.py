"""Several writes in one transaction: all of them, in order, or none; and of two at the same moment one."""

import asyncio

import pytest
import pytest_asyncio

from schemas.query.bound import Value
from services.engine.source.port import (
    Changing,
    Creation,
    KeyReused,
    NoSuchRecord,
    Once,
    RecordExists,
    WriteRefused,
)
from tests.seams.stores import depot
from tests.seams.stores.conftest import Store
from tests.seams.stores.test_writes import KEY, PARCEL

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _parcel(nth: int) -> Creation:
    return Creation(depot.PARCELS, 1, {**PARCEL, "nth": nth})


def _renamed(nth: int, name: str) -> Changing:
    values: dict[str, Value] = {"name": name}
    return Changing(depot.PARCELS, 1, (KEY[0], nth), values)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def emptied(store: Store) -> None:
    await store.fill([])


async def _names(store: Store) -> list[tuple[object, ...]]:
    number, name = depot.COLUMN["nth"], depot.COLUMN["name"]
    rows = await store.program.rows(f"SELECT {number}, {name} FROM {depot.TABLE.name} ORDER BY 1")
    return [tuple(row) for row in rows]


async def test_all_are_written_in_order(store: Store) -> None:
    written = await store.source.together([_parcel(1), _parcel(2), _renamed(1, "奉化江")])
    assert [name for _, name in await _names(store)] == ["奉化江", "甬江"]
    assert len({one.record_id for one in written}) == 2
    assert await store.source.together([]) == []


@pytest.mark.parametrize("last", [_parcel(1), _renamed(9, "余姚江")], ids=["exists", "is not there"])
async def test_where_one_cannot_be_none_is(store: Store, last: Creation | Changing) -> None:
    await store.source.together([_parcel(1)])
    with pytest.raises((RecordExists, NoSuchRecord)):
        await store.source.together([_parcel(2), _renamed(1, "奉化江"), last])
    assert [name for _, name in await _names(store)] == ["甬江"]


async def test_of_two_who_create_one_record_at_the_same_moment_one_does(store: Store) -> None:
    both = [[_parcel(1), _parcel(nth)] for nth in (2, 3)]
    came = await asyncio.gather(*(store.source.together(one) for one in both), return_exceptions=True)
    [refused] = [one for one in came if isinstance(one, Exception)]
    assert isinstance(refused, (RecordExists, WriteRefused))
    assert len(await _names(store)) == 2


async def test_a_key_that_came_with_them_tells_what_was_written_and_lets_nothing_be_written_again(
    store: Store,
) -> None:
    once = Once("registry/window:together-1", "a" * 64)
    assert await store.source.given(depot.PARCELS, once) is None
    first, _ = await store.source.together([_parcel(1), _parcel(2)], once)
    assert await store.source.given(depot.PARCELS, once) == first
    with pytest.raises(RecordExists):
        await store.source.together([_parcel(3), _parcel(4)], once)
    with pytest.raises(KeyReused):
        await store.source.given(depot.PARCELS, Once(once.key, "b" * 64))
    with pytest.raises(KeyReused):
        await store.source.together([_parcel(3)], Once(once.key, "b" * 64))
    assert len(await _names(store)) == 2


async def test_of_two_with_one_key_at_the_same_moment_one_writes_whatever_each_writes(store: Store) -> None:
    once = Once("registry/window:together-2", "a" * 64)
    both = [[_parcel(nth), _parcel(nth + 1)] for nth in (1, 5)]
    came = await asyncio.gather(*(store.source.together(one, once) for one in both), return_exceptions=True)
    [refused] = [one for one in came if isinstance(one, Exception)]
    assert isinstance(refused, (RecordExists, WriteRefused))
    assert len(await _names(store)) == 2


async def test_a_key_is_not_kept_where_nothing_is_written(store: Store) -> None:
    once = Once("registry/window:together-3", "a" * 64)
    with pytest.raises(NoSuchRecord):
        await store.source.together([_parcel(1), _renamed(9, "余姚江")], once)
    assert await store.source.given(depot.PARCELS, once) is None
