"""What those who look after a department do while it is at work, by the functions behind `langqiao snapshot`, `langqiao
outbox release` and `langqiao reconcile --mend`; called by `troubles` and, at the end, by `run`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

from services.engine.capture import setaside, snapshot
from services.engine.capture.captured import captures
from services.engine.capture.database import Database, DatabaseAway, open_database
from services.engine.relay.broker import CannotPublish
from services.engine.relay.feeds import feeds_of, majors_of
from services.engine.relay.kafka_topics import KafkaTopics
from services.engine.relay.mending import mend
from services.engine.relay.reconciling import Comparison
from services.engine.settings import Settings
from tests import workshop
from tests.waiting import until

#: How long a reconciliation waits for what is on its way, in seconds.
_PATIENCE = 0.3


async def want_snapshots(url: str, end: float) -> None:
    """At once, and until the end whenever the last one is taken."""
    datasets = [one.dataset for one in captures(workshop.MAPPINGS)]
    async with _at(url) as database:

        async def wanted() -> bool:
            with suppress(DatabaseAway):
                for dataset in datasets:
                    if await database.read(snapshot.under_way, dataset) is None:
                        await database.write(snapshot.want, dataset, "a person asked", forced=True)
            return monotonic() >= end

        await until(wanted, what="snapshots are wanted")


async def let_go(url: str) -> None:
    """All deletes that are held now, or as many as the database lets us before it is away."""
    async with _at(url) as database:
        with suppress(DatabaseAway):
            for one in await database.read(setaside.held):
                await setaside.let_go(database, one.dataset)


async def reconcile(settings: Settings) -> list[str]:
    """What it took to differ, and has had mended: by design nothing ever does but for a moment."""
    feeds = feeds_of(workshop.MAPPINGS, settings, workshop.SECRET)
    wrong: list[str] = []
    async with _at(settings.database_url.get_secret_value()) as database:
        with suppress(DatabaseAway, CannotPublish):
            for feed in feeds:
                found = await Comparison(database, feed, KafkaTopics(settings), _PATIENCE).run()
                wrong += [f"a reconciliation took {one.record} to be {one.what}" for one in found.findings]
                await mend(found, majors_of(feeds), database, database, None)
    return wrong


@asynccontextmanager
async def _at(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        await database.close()
