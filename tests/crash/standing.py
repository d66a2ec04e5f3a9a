"""How far the relays of a run have come, asked of the database by `run`."""

from collections.abc import Awaitable, Callable

from services.engine.capture import snapshot
from services.engine.capture.outbox import HELD, SETTLING
from services.engine.capture.reconciling import WANTED
from services.engine.relay.feeds import feeds_of
from services.engine.relay.walking import channels_of
from services.engine.settings import Settings
from tests import workshop
from tests.stores import Store

Condition = Callable[[], Awaitable[bool]]


async def left(store: Store) -> list[tuple[int]]:
    """How many changes and marks wait."""
    counts = (
        f"SELECT count(*) FROM {store.engine(table)}" for table in ("outbox WHERE sent_at IS NULL", "dirty")
    )
    return await store.program.rows(" UNION ALL ".join(counts))


async def wished(store: Store) -> bool:
    """Whether the relay is still to compare tables and topics."""
    query = f"SELECT count(*) FROM {store.engine('state')} WHERE name LIKE ? AND value <> ''"
    [(count,)] = await store.program.rows(query, f"{WANTED}%")
    return bool(count)


async def nothing_wished(store: Store) -> bool:
    return not await wished(store)


async def set_aside(store: Store) -> bool:
    """Whether deletes wait for their record to come again, or for a person."""
    query = f"SELECT count(*) FROM {store.engine('outbox')} WHERE parked_because IN (?, ?)"
    [(count,)] = await store.program.rows(query, SETTLING, HELD)
    return bool(count)


async def no_walk_is_due(store: Store, settings: Settings) -> bool:
    """Whether every snapshot is taken, by the contracts of now."""
    for feed in feeds_of(workshop.MAPPINGS, settings, workshop.SECRET):
        if await store.database.read(snapshot.due, channels_of(feed, store.name)):
            return False
    return True
