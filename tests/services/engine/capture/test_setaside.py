"""What a person does with changes that were set aside: see them, have them tried again, give up, let deletes go."""

from collections.abc import Sequence

import pytest

from services.engine.capture import state
from services.engine.capture.attach import attach
from services.engine.capture.deletes import RELEASED
from services.engine.capture.outbox import HELD, SETTLING
from services.engine.capture.setaside import (
    Chosen,
    Held,
    Place,
    allow,
    give_up,
    held,
    parked,
    records,
    release,
    retry,
)
from services.engine.source.sql.ddl import create_tables
from tests.stores import Store
from tests.workshop import LOANS, MAPPINGS, TOOLS

_AT = "2026-01-31T00:00:00.000Z"


@pytest.fixture
async def shop(store: Store) -> Store:
    """Changes 1 to 6: two of a tool, one of another, one of a loan, which are all parked; then a settling and a held
    delete."""
    await create_tables(store.url, MAPPINGS)
    await attach(store.database, MAPPINGS, outbox_limit=1_000)
    execute = store.program.execute
    await execute("INSERT INTO ws_tool (no, nm) VALUES ('t1', 'a')")
    await execute("UPDATE ws_tool SET nm = 'b'")
    await execute("INSERT INTO ws_tool (no, nm) VALUES ('t2', 'a')")
    await execute("INSERT INTO ws_loan (who, n) VALUES ('somebody', 1)")
    await execute("DELETE FROM ws_tool WHERE no = 't2'")
    await execute("DELETE FROM ws_loan")
    outbox = store.engine("outbox")
    await execute(f"UPDATE {outbox} SET parked_because = 'a fault', at = ? WHERE id <= 4", _AT)
    await execute(f"UPDATE {outbox} SET parked_because = ? WHERE id = 5", SETTLING)
    await execute(f"UPDATE {outbox} SET parked_because = ?, at = ? WHERE id = 6", HELD, _AT)
    await execute(f"UPDATE {store.engine('record')} SET pseudonym = 'T1' WHERE raw_key LIKE '%t1%'")
    return store


async def _waiting(store: Store) -> list[int]:
    rows = await store.program.rows(
        f"SELECT id FROM {store.engine('outbox')} WHERE parked_because IS NULL AND sent_at IS NULL ORDER BY id"
    )
    return [one for (one,) in rows]


async def _places(store: Store, chosen: Chosen, limit: int = 100) -> Sequence[Place]:
    return await store.database.read(records, chosen, None, limit)


async def test_the_list_names_records_by_their_ids_and_shows_neither_keys_nor_values(shop: Store) -> None:
    found = await shop.database.read(parked, Chosen(), 100)
    assert [(one.id, one.dataset, one.record, one.version) for one in found] == [
        (1, TOOLS, "T1", "1.1"),
        (2, TOOLS, "T1", "1.2"),
        (3, TOOLS, None, "1.1"),
        (4, LOANS, None, "1.1"),
    ]
    assert {(one.since, one.reason) for one in found} == {(_AT, "a fault")}
    assert "somebody" not in str(found)


async def test_the_list_is_of_a_dataset_and_no_longer_than_asked(shop: Store) -> None:
    assert [one.id for one in await shop.database.read(parked, Chosen(LOANS), 100)] == [4]
    assert [one.id for one in await shop.database.read(parked, Chosen(), 2)] == [1, 2]


async def test_all_changes_of_a_record_are_tried_again_together(shop: Store) -> None:
    places = await _places(shop, Chosen(id=2))
    assert await shop.database.write(retry, places) == 2
    assert await _waiting(shop) == [1, 2]


@pytest.mark.parametrize(("chosen", "freed"), [(Chosen(), [1, 2, 3, 4]), (Chosen(LOANS), [4])])
async def test_what_settles_or_is_held_is_no_fault_to_be_tried_again(
    shop: Store, chosen: Chosen, freed: list[int]
) -> None:
    assert await shop.database.write(retry, await _places(shop, chosen)) == len(freed)
    assert await _waiting(shop) == freed


async def test_a_walk_meets_each_record_once_though_it_is_parked_again(shop: Store) -> None:
    met: list[Place] = []
    while some := await shop.database.read(records, Chosen(), met[-1] if met else None, 1):
        met += some
    assert len(met) == len(set(met)) == 3


@pytest.mark.parametrize("chosen", [Chosen(id=5), Chosen(id=6), Chosen(id=99), Chosen("workshop.none")])
async def test_a_number_or_a_dataset_that_nothing_is_parked_under_means_nothing(
    shop: Store, chosen: Chosen
) -> None:
    assert await _places(shop, chosen) == []


async def test_what_is_given_up_counts_as_sent_and_its_record_is_told_as_it_is_now(shop: Store) -> None:
    given_up = await shop.database.write(give_up, await _places(shop, Chosen(id=1)))
    assert [(one.id, one.record) for one in given_up] == [(1, "T1"), (2, "T1")]
    sent = f"SELECT id FROM {shop.engine('outbox')} WHERE sent_at IS NOT NULL ORDER BY id"
    assert await shop.program.rows(sent) == [(1,), (2,)]
    marks = await shop.program.rows(f"SELECT dataset, raw_key, forced FROM {shop.engine('dirty')}")
    assert marks == [(TOOLS, '["t1"]', True)]
    assert [one.id for one in await shop.database.read(parked, Chosen(), 100)] == [3, 4]


async def test_held_deletes_are_counted_by_dataset_and_go_once_they_are_allowed(shop: Store) -> None:
    assert await shop.database.read(held) == [Held(LOANS, 1, _AT)]
    assert await shop.database.write(allow, TOOLS) is None
    newest = await shop.database.write(allow, LOANS)
    assert newest == 6
    assert await shop.database.read(state.get, RELEASED + LOANS) == "6"
    assert await shop.database.write(release, LOANS, newest, 100) == 1
    assert await shop.database.write(release, LOANS, newest, 100) == 0
    assert await shop.database.read(held) == []
    assert await _waiting(shop) == [6]
