"""Following the registry's topic: what the authority publishes at the broker is handed in as it comes; run beside a
service's calls by `services.engine.node`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from schemas.trust.signed import DocumentRefused
from schemas.wire.topics import registry_topic
from services.engine.beside import beside
from services.engine.relay.security import BadSecurityFile, options, secured
from services.engine.settings import Settings

#: How soon a broker that is away, or a topic that is not there yet, is looked for again, in seconds.
_AGAIN_SECONDS = 1.0
#: How long each look at the topic takes, in milliseconds; what comes later is handed in at the next one.
_LISTENING_MS = 20
#: How long a broker may take to answer before it counts as away, in seconds.
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger("langqiao.engine")

#: Takes a signed text; raises DocumentRefused, OSError.
Take = Callable[[str], object]


@asynccontextmanager
async def registry_followed(settings: Settings, take: Take) -> AsyncIterator[None]:
    """Within the block the topic is followed, where settings say so; whatever befalls broker or topic, it goes on."""
    if not settings.follow_registry:
        yield
        return
    async with beside(_follow(settings, take)):
        yield


async def _follow(settings: Settings, take: Take) -> None:
    told = ""
    while True:
        try:
            await _listen(settings, take)
        except BadSecurityFile as fault:
            said = str(fault)
        except Exception as fault:
            said = type(fault).__name__
        if said != told:
            _log.warning("member registry: its topic is not followed now (%s)", said)
            told = said
        await asyncio.sleep(_AGAIN_SECONDS)


async def _listen(settings: Settings, take: Take) -> None:
    """Hand in all that the topic keeps and then what comes. Ends by raising alone."""
    security = secured(settings.broker_ca_file, settings.broker_certificate_file, settings.broker_key_file)
    # That nobody listens is known sooner than a client would say it.
    await _knock(settings.bootstrap_servers)
    # Loaded late: a service out of its broker's reach needs no client.
    from aiokafka import AIOKafkaConsumer, TopicPartition

    # It reports every attempt to reach a broker that is away.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    consumer = AIOKafkaConsumer(
        **options(settings.bootstrap_servers, security),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await consumer.start()
        # A stop before its tasks have run their first step would raise CancelledError here.
        await asyncio.sleep(0)
        place = TopicPartition(registry_topic(settings.environment), 0)
        # Looked up in the list of all: some brokers make a topic when somebody asks for it by name.
        if place.topic not in await consumer.topics():
            _log.warning("member registry: its topic is not there yet, or this department may not read it")
        while place.topic not in await consumer.topics():  # noqa: ASYNC110 nobody tells us of it
            await asyncio.sleep(_AGAIN_SECONDS)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        while True:
            # Paused meanwhile: some brokers answer an empty fetch at once, and the client asks again at once.
            consumer.resume(place)
            for message in (await consumer.getmany(place, timeout_ms=_LISTENING_MS)).get(place, ()):
                await _hand_in(message, take)
            consumer.pause(place)
            await asyncio.sleep(_AGAIN_SECONDS)
    finally:
        await consumer.stop()


async def _hand_in(message: Any, take: Take) -> None:
    try:
        await asyncio.to_thread(take, (message.value or b"").decode("ascii"))
    except (DocumentRefused, UnicodeDecodeError, OSError) as fault:
        _log.warning("member registry: what stands on its topic is refused (%s)", fault)


async def _knock(bootstrap: str) -> None:
    """Raises OSError, TimeoutError."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
            return
    raise ConnectionRefusedError
