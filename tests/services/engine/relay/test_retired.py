"""A major that its office has ended: from its day on its topics get nothing more, and other majors get everything."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from schemas.law.sharing.limits import ZONE, legal_day
from schemas.trust.retiring import Retirement
from schemas.wire import control
from services.engine.capture import retired, snapshot, telling
from services.engine.capture.sqlite import Sqlite
from services.engine.relay.feeds import feeds_of, going_on
from services.engine.relay.reconciling import Comparison
from tests import workshop
from tests.flow.events.shop import fold
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import GRANTED, PUBLIC, SHARED, make_settings, relaying, standing
from tests.stores import Store, drained
from tests.waiting import until

CONTROL = PUBLIC.replace("public", "control")
FIRST = (PUBLIC, SHARED, GRANTED, CONTROL)
SECOND, SECOND_SHARED = (one.replace(".v1.", ".v2.") for one in (PUBLIC, SHARED))
_DAY = timedelta(days=1)


async def _say(store: Store, number: int, days: int, *majors: int) -> None:
    """The service has put down that these majors of the tools end in so many days, as a document of a number says."""
    now = datetime.now(UTC)
    noticed, ends = now - 90 * _DAY, legal_day(now) + days * _DAY
    found = {(workshop.TOOLS, one): Retirement(workshop.TOOLS, one, noticed, ends) for one in majors}
    await store.database.write(retired.keep, number, found)


def _held(broker: MemoryBroker) -> int:
    """How many messages the topics of the first major hold."""
    return sum(len(log) for place, log in broker.logs.items() if place[0] in FIRST)


def _walks(broker: MemoryBroker, major: int) -> int:
    told = broker.events(CONTROL.replace(".v1.", f".v{major}."))
    return sum(one.subject == control.SNAPSHOT_STARTED for one in told)


async def test_from_its_day_on_its_topics_get_nothing_more_and_others_get_all_at_once(
    each_shop: Store, broker: MemoryBroker
) -> None:
    shop = each_shop
    await _say(shop, 1, 2, 1)
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))
        held, walks = _held(broker), _walks(broker, 2)
        assert broker.events(GRANTED), "until its day it is told as ever"
        await _say(shop, 2, 0, 1)
        await until(lambda: _left(shop))
        await shop.program.execute("UPDATE ws_tool SET nm = '大锤', made = '2021-01-01'")
        await shop.program.insert("ws_tool", no="t2", nm="x", made="2021-01-02")
        await shop.program.execute("DELETE FROM ws_tool WHERE no = 't2'")
        await shop.program.execute("UPDATE ws_tool SET price = 99")
        await until(lambda: drained(shop))
    assert _held(broker) == held
    assert list(fold(broker.events(SECOND)).values()) == [{"number": "T1", "made_on": "2021-01-01"}]
    assert list(fold(broker.events(SECOND_SHARED)).values()) == [
        {"number": "T1", "made_on": "2021-01-01", "price": "99.00"}
    ]
    assert _walks(broker, 2) == walks, "who reads another one is told nothing twice"
    status = await standing(shop)
    assert (status.parked, status.relay and status.relay.trouble) == (0, "")


async def _left(store: Store) -> bool:
    """Whether the relay tells by the second major alone."""
    state = store.engine("state")
    [(shown,)] = await store.program.rows(
        f"SELECT value FROM {state} WHERE name = '{snapshot.SHOWING}{workshop.TOOLS}'"
    )
    return "v1." not in shown


async def test_what_was_on_its_way_as_the_day_began_is_lost_to_no_other_major(
    shop: Store, broker: MemoryBroker
) -> None:
    """Numbered for both, or for the first alone, and not sent; and a control record of the first."""
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))
        broker.away = True
        await shop.program.execute("UPDATE ws_tool SET nm = '大锤'")
        await shop.program.insert("ws_tool", no="t2", nm="x", made="2021-01-02")
        unsent = (
            f"SELECT count(*) FROM {shop.engine('outbox')} WHERE sent_at IS NULL AND sequence IS NOT NULL"
        )
        await until(lambda: _counted(shop, unsent, 2))
    held = _held(broker)
    await _say(shop, 1, 0, 1)
    await shop.database.write(telling.control, workshop.TOOLS, 1, control.EPOCH_BEGAN, {"reason": "a test"})
    broker.away = False
    async with relaying(shop, broker):
        await until(lambda: drained(shop))
    assert _held(broker) == held
    assert {one and one["number"] for one in fold(broker.events(SECOND)).values()} == {"T1", "T2"}
    assert (await standing(shop)).parked == 0


async def _counted(store: Store, query: str, expected: int) -> bool:
    [(count,)] = await store.program.rows(query)
    return count == expected


async def test_a_dataset_of_which_every_major_has_ended_is_told_to_nobody_and_stops_nothing(
    shop: Store, broker: MemoryBroker
) -> None:
    await _say(shop, 1, 0, 1, 2)
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await shop.program.insert("ws_loan", who="张三", n=1)
        await until(lambda: drained(shop))
    topics = {place[0] for place, log in broker.logs.items() if log}
    assert topics
    assert not [one for one in topics if workshop.TOOLS in one]
    status = await standing(shop)
    assert (status.parked, status.dirty) == (0, 0)


async def test_a_major_that_ends_no_more_is_told_all_that_it_has_missed(
    each_shop: Store, broker: MemoryBroker
) -> None:
    """What was deleted, too, which nothing but its topic knows any more."""
    shop = each_shop
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await shop.program.insert("ws_tool", no="t2", nm="x", made="2021-01-02")
        await until(lambda: drained(shop))
        assert len(_names(broker)) == 2
        await _say(shop, 1, 0, 1)
        await until(lambda: _left(shop))
        await shop.program.execute("UPDATE ws_tool SET nm = '大锤' WHERE no = ?", workshop.HAMMER["no"])
        await shop.program.execute("DELETE FROM ws_tool WHERE no = 't2'")
        await until(lambda: drained(shop))
        await _say(shop, 2, 0)
        await until(lambda: _names(broker) == ["大锤"])


def _names(broker: MemoryBroker) -> list[str]:
    """Of the tools that the first major's public topic shows."""
    return [one["name"] for one in fold(broker.events(PUBLIC)).values() if one is not None]


@pytest.fixture
def wrong_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the database's clock ahead by so much."""
    right = Sqlite.seconds
    return lambda by: monkeypatch.setattr(Sqlite, "seconds", f"({right} + {by.total_seconds()})")


async def test_a_clock_that_is_set_back_a_little_brings_no_major_back(
    shop: Store, broker: MemoryBroker, wrong_by: Callable[[timedelta], None]
) -> None:
    """Neither who leads nor who leads next tells by it. A clock that goes back by more was wrong before."""
    await _say(shop, 1, 2, 1)
    now = datetime.now(UTC)
    midnight = datetime.combine(legal_day(now) + 2 * _DAY, time(), ZONE)
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))
        walks = _walks(broker, 2)
        wrong_by(midnight - now)
        await until(lambda: _left(shop))
    wrong_by(midnight - now - timedelta(minutes=5))
    async with relaying(shop, broker):
        await shop.program.execute("UPDATE ws_tool SET made = '2021-01-01'")
        await until(lambda: drained(shop))
        assert (await _left(shop), _walks(broker, 2)) == (True, walks)
        wrong_by(timedelta())
        await until(lambda: _is_back(shop))


async def _is_back(store: Store) -> bool:
    return not await _left(store)


async def test_its_topics_are_compared_with_nothing(shop: Store, broker: MemoryBroker) -> None:
    async with relaying(shop, broker, reconcile_hours=0):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))
        await _say(shop, 1, 0, 1)
        await until(lambda: _left(shop))
        await shop.program.execute("UPDATE ws_tool SET nm = '大锤'")
        await until(lambda: drained(shop))
    feeds = feeds_of(workshop.MAPPINGS, make_settings(shop), workshop.SECRET)
    over = await shop.database.read(retired.over)
    for feed in going_on(feeds, over):
        found = await Comparison(shop.database, feed, broker, 0.0).run()
        assert (found.findings, [side.topic for side in found.sides if ".v1." in side.topic]) == (
            [],
            [] if feed.dataset == workshop.TOOLS else [side.topic for side in found.sides],
        )
