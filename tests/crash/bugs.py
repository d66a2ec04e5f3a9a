"""Deliberate mistakes, put into a relay process of the harness at its seams, so that the harness is seen to find them;
known to `relay_process` by name."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from sqlalchemy import Connection, select, text

from services.engine.capture import outbox, record, snapshot
from services.engine.capture.outbox import Change
from services.engine.capture.tables import engine_tables
from services.engine.relay import kafka, sending
from services.engine.relay.broker import Ack
from tests.crash.scenario import AMPLE, POSTGRESQL, SQLITE, Scenario, Trouble, scenario_of

_ALL = _NEVER = 1_000_000


@dataclass(frozen=True)
class Bug:
    """How a mistake is put in, the stores on which it shows, and how the scenario must be for that."""

    install: Callable[[], None]
    stores: tuple[str, ...] = (SQLITE, POSTGRESQL)
    bent: Callable[[Scenario], Scenario] = lambda scenario: scenario


def _mark_before_ack() -> None:
    """Changes count as sent before the broker has them."""
    sound = kafka.KafkaBroker
    sending: set[asyncio.Task[Any]] = set()

    class Hasty(sound):  # type: ignore[misc,valid-type]
        async def publish(self, messages: Sequence[Any]) -> list[Ack]:
            before = list(sending)

            async def later() -> None:
                await asyncio.gather(*before, return_exceptions=True)
                await super(Hasty, self).publish(messages)

            sending.add(asyncio.create_task(later()))
            return [Ack((one.topic, 0), None) for one in messages]

    kafka.KafkaBroker = Hasty  # type: ignore[misc]


def _xmin_horizon() -> None:
    """The popular cure for rows that become visible late: only those of transactions older than all that run, in the
    order of the transactions' ids."""

    def horizon(connection: Connection, changes: list[Change]) -> list[Change]:
        row = engine_tables(connection.dialect.name).outbox.c
        found = connection.execute(select(row.id, row.tx).where(row.id.in_([one.id for one in changes])))
        tx_of = {one.id: one.tx or 0 for one in found}
        oldest: int = connection.execute(
            text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        ).scalar_one()
        return sorted(
            (one for one in changes if tx_of[one.id] < oldest), key=lambda one: (tx_of[one.id], one.id)
        )

    _wait_otherwise(horizon)


def _order_by_time() -> None:
    """By the time of each change: of two in one thousandth of a second the database may give either first."""
    _wait_otherwise(lambda _, changes: sorted(changes, key=lambda one: (one.at, -one.id)))


def _wait_otherwise(choose: Callable[[Connection, list[Change]], list[Change]]) -> None:
    sound = outbox.waiting

    @wraps(sound)
    def waiting(connection: Connection, limit: int) -> list[Change]:
        return choose(connection, sound(connection, _ALL))[:limit]

    outbox.waiting = waiting


def _read_without_locks() -> None:
    """Records are read again, or walked through, without their record rows being locked first."""

    def unlocked(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, bool]:
        known = engine_tables(connection.dialect.name).record.c
        mine = select(known.raw_key, known.deleted).where(known.dataset == dataset, known.raw_key.in_(keys))
        return {one.raw_key: one.deleted for one in connection.execute(mine)}

    record.locked = unlocked
    _read_slowly()


def _read_slowly() -> None:
    """No mistake: between reading records and telling them some time goes by. By itself it must do no harm."""
    sound = record.rows_now

    @wraps(sound)
    def rows_now(connection: Connection, *args: Any) -> dict[str, str]:
        rows = sound(connection, *args)
        connection.execute(text("SELECT pg_sleep(0.02)"))
        return rows

    record.rows_now = rows_now  # type: ignore[assignment]


def _go_on_with_held_ones() -> None:
    """A round goes on with the changes that it has read, though deletes among them were set aside since."""
    sound = sending.set_aside

    @wraps(sound)
    async def set_aside(*args: Any) -> bool:
        await sound(*args)
        return False

    sending.set_aside = set_aside


def _take_no_notice_of_items() -> None:
    """Channels seem to show the same items by any contract."""
    snapshot._shown = lambda _: "{}"


def _begin_no_epoch() -> None:
    """Topics that are ahead of the database are taken for its own."""
    sending.Sender._ahead = lambda self, tails: {}  # type: ignore[method-assign]


def _busy(scenario: Scenario, trouble: Trouble = Trouble.NONE, seconds: float = 1.0) -> Scenario:
    """Writers that live and write as long as the one relay does, which nothing ends before its time. Its batches are
    large: only where as few changes wait as one has room for, a snapshot goes on."""
    [life, *_] = scenario.lives
    return replace(
        scenario,
        writers=tuple((seed, None) for seed, _ in scenario.writers),
        transactions=150,
        pause=0.01,
        lives=(
            replace(
                life,
                trap=replace(life.trap, nth=_NEVER),
                trouble=trouble,
                seconds=seconds,
                formerly=False,
                beside=False,
            ),
        ),
        batch=500,
        outbox_limit=AMPLE,
        settle_ms=0,
        hold_deletes=AMPLE,
        following=scenario.following[:1],
        renewed=None,
        rolling=False,
        goes_back=None,
    )


def _with_a_hanging_broker(scenario: Scenario) -> Scenario:
    """The broker hangs while the relay is at work, which is killed before the broker goes on."""
    return _busy(scenario, Trouble.BROKER_HANGS, seconds=0.6)


def _with_snapshots(scenario: Scenario) -> Scenario:
    """Snapshots among the writes."""
    return _busy(scenario, Trouble.SNAPSHOT, seconds=2.0)


def _with_an_item_added(scenario: Scenario) -> Scenario:
    """Before the last relay, when most is written, contracts gain items."""
    busy = _busy(scenario, seconds=4.0)
    return replace(busy, transactions=20, lives=(replace(busy.lives[0], formerly=True),), renewed=1)


def _with_few_deletes_free(scenario: Scenario) -> Scenario:
    return replace(_busy(scenario), hold_deletes=3)


def _with_a_database_that_goes_back(scenario: Scenario) -> Scenario:
    return replace(_busy(scenario), goes_back=(0, 1))


BUGS: dict[str, Bug] = {
    "mark-before-ack": Bug(_mark_before_ack, bent=_with_a_hanging_broker),
    "xmin-horizon": Bug(_xmin_horizon, (POSTGRESQL,), _busy),
    "order-by-time": Bug(_order_by_time, (SQLITE,), _busy),
    "told-though-held": Bug(_go_on_with_held_ones, bent=_with_few_deletes_free),
    "item-not-told": Bug(_take_no_notice_of_items, bent=_with_an_item_added),
    "no-epoch": Bug(_begin_no_epoch, bent=_with_a_database_that_goes_back),
    "no-locks": Bug(_read_without_locks, (POSTGRESQL,), _with_snapshots),
}
#: What may be put in and must do no harm.
HARMLESS: dict[str, Bug] = {"slow-reading": Bug(_read_slowly, (POSTGRESQL,), _with_snapshots)}
ALL = BUGS | HARMLESS


def scenario(bug: str, seed: int, number: int, stores: Sequence[str], broker: str) -> Scenario:
    """A run's scenario, such that a bug can show; with no bug, as it is."""
    if not bug:
        return scenario_of(seed, number, tuple(stores), broker)
    one = ALL[bug]
    made = scenario_of(seed, number, tuple(store for store in stores if store in one.stores), broker)
    return one.bent(made)
