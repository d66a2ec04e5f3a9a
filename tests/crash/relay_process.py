"""A relay as a process of the harness: the product's own parts, put together as `services/engine/relay/main.py` does,
on watched seams; started by `run`."""

import asyncio
import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from services.engine.capture.database import open_database
from services.engine.relay import kafka
from services.engine.relay.feeds import feeds_of
from services.engine.relay.loop import Relay
from services.engine.settings import Settings
from tests import workshop
from tests.crash import bugs, seams
from tests.crash.contracts import contracts
from tests.crash.points import Trap, Watch


@dataclass(frozen=True)
class RelayPlan:
    """One life of a relay. `broker` are the settings by which it is reached, `bug` is one of `bugs`, or empty;
    `formerly`: it lives by the contracts before."""

    name: str
    database_url: str
    broker: dict[str, Any]
    environment: str
    trap: Trap | None = None
    bug: str = ""
    formerly: bool = False
    batch: int = 500
    outbox_limit: int = 1_000_000
    outbox_keep_seconds: int = 600
    settle_ms: int = 0
    hold_deletes: int = 1_000_000
    lease_seconds: int = 1

    @property
    def settings(self) -> Settings:
        return Settings(
            kind=workshop.KIND,
            division=workshop.DIVISION,
            environment=self.environment,
            database_url=self.database_url,
            pseudonym_key_file=Path("pseudonym.key"),
            **self.broker,
            create_topics=True,
            relay_poll_ms=2,
            relay_batch=self.batch,
            outbox_limit=self.outbox_limit,
            outbox_keep_seconds=self.outbox_keep_seconds,
            settle_ms=self.settle_ms,
            hold_deletes=self.hold_deletes,
            lease_seconds=self.lease_seconds,
            broker_check_seconds=1,
        )


def run(plan: RelayPlan) -> int:
    """Publish until SIGTERM, or until the trap springs; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    watch = Watch(plan.trap)
    seams.watch_statements(watch)
    seams.watch_broker(watch)
    if plan.bug:
        bugs.ALL[plan.bug].install()
    return uvloop.run(_relay(plan, watch))


async def _relay(plan: RelayPlan, watch: Watch) -> int:
    settings = plan.settings
    database = seams.WatchedDatabase(open_database(plan.database_url), plan.database_url, watch)
    broker = kafka.KafkaBroker(settings)
    feeds = feeds_of(contracts(before=plan.formerly), settings, workshop.SECRET)
    relay = Relay(database, feeds, broker, settings, plan.name)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, relay.stop)
    try:
        await relay.run()
        return 0 if relay.stopping else 1
    finally:
        await broker.close()
        await database.close()
