"""The relay process: publishes one department's changes until told to end; called by `langqiao department relay`."""

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime

import uvloop

from schemas.contracts.document import ContractFault
from services.engine.capture.database import open_database
from services.engine.node import BadDepartment, Department, read_contracts, read_node_key, read_pseudonym_keys
from services.engine.relay.broker import Broker
from services.engine.relay.event_signing import SigningBroker
from services.engine.relay.feeds import Feed, feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.loop import Relay
from services.engine.relay.security import BadSecurityFile
from services.engine.settings import Settings

#: How long a round under way may take to end, in seconds.
_GRACE_SECONDS = 15.0


def run(department: Department, settings: Settings) -> int:
    """Publish until SIGTERM or SIGINT; the process's exit code. Database and broker may come and go meanwhile."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # It reports every attempt to reach a broker that is away; the relay itself says so once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        offered = read_contracts(department, settings)
        feeds = feeds_of(offered.mappings, settings, read_pseudonym_keys(settings.pseudonym_key_file))
        broker = broker_of(settings)
    except (ContractFault, BadDepartment, BadSecurityFile, OSError) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 the log's own form would hide file and line
        return 1
    gc.collect()
    gc.freeze()
    return uvloop.run(_relay(feeds, broker, settings))


async def _relay(feeds: tuple[Feed, ...], broker: Broker, settings: Settings) -> int:
    database = open_database(settings.database_url.get_secret_value())
    relay = Relay(database, feeds, broker, settings, _holder())
    work = asyncio.create_task(relay.run())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        relay.stop()
        loop.call_later(_GRACE_SECONDS, work.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        with suppress(asyncio.CancelledError):
            await work
        # Nothing but being told ends a relay; whatever else did, it must be started again.
        return 0 if relay.stopping else 1
    finally:
        await broker.close()
        await database.close()


def broker_of(settings: Settings) -> Broker:
    """The way to the broker; raises BadSecurityFile, BadDepartment, OSError."""
    broker = KafkaBroker(settings)
    if not settings.sign_events:
        return broker
    own = read_node_key(settings, lambda: datetime.now(UTC))
    if own is None:
        raise BadDepartment("sign_events needs node_key_file")
    return SigningBroker(broker, own.now)


def _holder() -> str:
    """Nobody else's name, also where two machines count processes alike."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
