"""Writes through the store: what then stands in the table, which version it has, and what is refused."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import pytest_asyncio

from schemas.query.bound import BoundColumn, BoundQuery, Value
from schemas.wire.record_id import record_id
from services.engine.mapping.model import Stored
from services.engine.source.keys import by_keys
from services.engine.source.port import (
    KeyReused,
    NoSuchRecord,
    Once,
    RecordExists,
    SourceError,
    StaleVersion,
    Version,
    WriteRefused,
    Written,
)
from tests.seams.stores import depot
from tests.seams.stores.conftest import FreshUrl, Store, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = ("91AB", 1)
PARCEL: dict[str, Value] = {
    "code": "91AB",
    "nth": 1,
    "name": "甬江",
    "owner": "91MA",
    "grade": "Bad",
    "shelf": "lower",
    "active": True,
    "sealed": False,
    "staff": 7,
    "floor": -1,
    "capital": Decimal("12345678901234567890.50"),
    "fee": Decimal("1200.10"),
    "since": date(9999, 12, 31),
    "due": date(9999, 12, 31),
    "seen_at": datetime(2026, 1, 31, 0, 0, 0, 250_000, tzinfo=UTC),
    "changed_at": datetime(2026, 1, 31, tzinfo=UTC),
}


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def emptied(store: Store) -> None:
    await store.fill([])


async def _stored(store: Store, *items: str) -> tuple[Stored, ...]:
    columns = ", ".join(depot.COLUMN[item] for item in items)
    return (await store.program.rows(f"SELECT {columns} FROM {depot.TABLE.name}"))[0]


async def _read(store: Store) -> dict[str, Value]:
    columns = tuple(BoundColumn(name, item) for name, item in depot.ITEMS.items())
    query = BoundQuery(depot.contract(), columns, where=(by_keys(depot.contract(), [KEY]),))
    page = await store.source.page(query, limit=1)
    return dict(zip(depot.ITEMS, page.rows[0], strict=True))


async def _create(store: Store, once: Once | None = None, **changes: Value) -> Written:
    return await store.source.create(depot.PARCELS, 1, {**PARCEL, **changes}, once)


async def _change(store: Store, values: Mapping[str, Value], expected: Version | None = None) -> Written:
    return await store.source.change(depot.PARCELS, 1, KEY, values, expected)


async def test_what_is_created_is_read_again(store: Store) -> None:
    written = await _create(store)
    assert await _read(store) == PARCEL
    assert written.record_id == record_id(depot.contract(), KEY, depot.SECRET)
    assert written.version == await store.source.version(depot.PARCELS, KEY)
    assert await store.source.keys(depot.PARCELS, [written.record_id]) == {written.record_id: KEY}


async def test_values_are_stored_in_the_departments_own_spellings(store: Store) -> None:
    await _create(store)
    assert await _stored(store, "grade", "shelf", "active", "since", "seen_at") == (
        "2", 2, "1", "9999-9-9", "2026-01-31 08:00:00.25",
    )  # fmt: skip


async def test_a_key_spelt_otherwise_exists_already(store: Store) -> None:
    await _create(store)
    await store.program.execute(f"UPDATE {depot.TABLE.name} SET c_code = '91ab'")
    with pytest.raises(RecordExists):
        await _create(store, name=None)


async def test_of_two_creates_at_a_time_one_exists(store: Store) -> None:
    found = await asyncio.gather(_create(store), _create(store), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["RecordExists", "Written"]


async def test_a_create_repeated_under_its_key_gives_the_first_answer(store: Store) -> None:
    first = await _create(store, Once("system:k1", "digest"))
    await _change(store, {"name": "later"})
    assert await _create(store, Once("system:k1", "digest")) == first
    with pytest.raises(KeyReused):
        await _create(store, Once("system:k1", "another"), nth=2)


async def test_creates_under_one_key_at_a_time_give_one_answer(store: Store) -> None:
    once = Once("system:k2", "digest")
    first, second = await asyncio.gather(_create(store, once), _create(store, once))
    assert first == second


async def test_a_refused_create_leaves_its_key_unused(store: Store) -> None:
    once = Once("system:k3", "digest")
    with pytest.raises(WriteRefused):
        await _create(store, once, name="\\N")
    assert await _create(store, once)


async def test_a_change_raises_the_version_and_leaves_the_rest(store: Store) -> None:
    created = await _create(store)
    changed = await _change(store, {"name": None, "fee": Decimal("0.10")}, created.version)
    assert await _read(store) == {**PARCEL, "name": None, "fee": Decimal("0.10")}
    assert changed.version == Version(created.version.epoch, created.version.number + 1)


async def test_an_item_that_keeps_its_value_keeps_its_spelling(store: Store) -> None:
    await store.fill(
        [{**dict.fromkeys(depot.ITEMS), "code": "91ab", "nth": 1, "since": "2020-6-8", "staff": "?"}]
    )
    before = await store.source.version(depot.PARCELS, KEY)
    written = await _change(store, {"since": date(2020, 6, 8), "staff": None})
    assert (written.version, await _stored(store, "code", "since", "staff")) == (
        before,
        ("91ab", "2020-6-8", "?"),
    )


@pytest.mark.parametrize("number", [0, 2, 999])
async def test_another_version_than_expected_is_stale(store: Store, number: int) -> None:
    created = await _create(store)
    wrong = Version(created.version.epoch, created.version.number + number - 1)
    for write in (_change(store, {"name": "x"}, wrong), store.source.delete(depot.PARCELS, KEY, wrong)):
        with pytest.raises(StaleVersion):
            await write
    assert await _read(store) == PARCEL


async def test_of_two_changes_from_one_version_one_is_stale(store: Store) -> None:
    version = (await _create(store)).version
    changes = (_change(store, {"name": name}, version) for name in ("a", "b"))
    found = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["StaleVersion", "Written"]


async def test_a_deleted_record_is_gone_and_counts_on_when_it_comes_back(store: Store) -> None:
    created = await _create(store)
    await store.source.delete(depot.PARCELS, KEY, created.version)
    assert await store.source.version(depot.PARCELS, KEY) is None
    assert await store.source.keys(depot.PARCELS, [created.record_id]) == {}
    assert (await _create(store)).version > created.version


async def test_a_record_that_is_not_there_is_not_changed(store: Store) -> None:
    for write in (_change(store, {"name": "x"}), store.source.delete(depot.PARCELS, KEY, None)):
        with pytest.raises(NoSuchRecord):
            await write


async def test_a_value_without_spelling_is_refused_by_its_item(store: Store) -> None:
    with pytest.raises(WriteRefused) as refused:
        await _create(store, name="\\N", capital=Decimal("9e27"))
    assert refused.value.items == ("name", "capital")


async def test_what_the_table_forbids_is_refused_without_a_value(store: Store) -> None:
    await store.program.execute(f"CREATE UNIQUE INDEX one_owner ON {depot.TABLE.name} (c_owner)")
    try:
        await _create(store)
        with pytest.raises(WriteRefused) as refused:
            await _create(store, nth=2)
        assert "91MA" not in repr(refused.value) + str(refused.value)
    finally:
        await store.program.execute("DROP INDEX one_owner")
    assert isinstance(refused.value, SourceError)


async def test_a_write_is_captured_as_any_programs(store: Store) -> None:
    outbox = "lq_outbox" if store.name == "sqlite" else "langqiao.outbox"
    await _create(store)
    await _change(store, {"name": "x"})
    await store.source.delete(depot.PARCELS, KEY, None)
    rows = await store.program.rows(f"SELECT op, version FROM {outbox} ORDER BY id DESC LIMIT 3")
    assert [op for op, _ in rows] == ["d", "u", "c"]
    assert [version for _, version in rows] == sorted((version for _, version in rows), reverse=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def secretive(request: pytest.FixtureRequest, fresh_url: FreshUrl) -> AsyncIterator[Store]:
    """A depot whose keys are nobody's business."""
    async with opened(request.param, fresh_url(request.param), depot.depot(public=False)) as made:
        yield made


async def test_a_pseudonym_finds_its_record_at_once(secretive: Store) -> None:
    rows = [{**dict.fromkeys(depot.ITEMS), "code": f"91a{place}", "nth": place} for place in range(1_100)]
    await secretive.fill(rows)
    written = await _create(secretive)
    contract = depot.contract(public=False)
    ids = {
        record_id(contract, (f"91A{place}", place), depot.SECRET): (f"91A{place}", place)
        for place in (3, 1_099)
    }
    ids[written.record_id] = KEY
    assert await secretive.source.keys(depot.PARCELS, [*ids, "unknown"]) == ids
