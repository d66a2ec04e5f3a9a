"""What the authority published on the registry's topic since it was last looked at, taken in as nodes do and kept; used
by `langqiao acls` each time that rights are settled."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from schemas.trust import signed
from schemas.trust.handing import text_of
from schemas.trust.signed import DocumentRefused
from schemas.trust.word import is_word
from schemas.wire.topics import registry_topic
from services.directory.known import followed
from services.directory.settings import Operator
from services.engine.relay.security import options

_PATIENCE_SECONDS = 5.0
#: How long each look at the topic waits for what it is known to hold, in milliseconds.
_LISTENING_MS = 100


class _Unread(Exception):
    """The topic was not read to its end; says why."""


@dataclass(slots=True)
class Published:
    """`place` is where the next look begins: what was refused once is not said each time."""

    place: int = 0
    _told: str = field(init=False, default="")

    def take_in(self, settings: Operator, security: SSLContext | None, say: Callable[[str], None]) -> None:
        """Put what came into the settings' folder, where it is good and newer than what is held; nothing where none is
        named. `say` is told what is refused, and, once, why the topic cannot be read: then what was kept counts.

        Raises CannotKnow where the file of the settings cannot be relied on.
        """
        if settings.registry_folder is None:
            return
        kept = followed(settings, settings.registry_folder)
        try:
            found, end = asyncio.run(self._since(settings, security))
            for content in found:
                self._take(content, kept.take, say)
        except (_Unread, OSError) as fault:
            reason = str(fault) if isinstance(fault, _Unread) else type(fault).__name__
            self._say_once(f"The registry's topic is not followed now: {reason}.", say)
            return
        self.place, self._told = end, ""

    def _take(self, content: bytes, take: Callable[[str], object], say: Callable[[str], None]) -> None:
        """Words on a registry are for nodes: whoever settles rights goes by the registry alone."""
        try:
            text = text_of(content)
            if not is_word(signed.unchecked(text)):
                take(text)
        except DocumentRefused as refused:
            if refused.reason == "older" and self.place == 0:
                # A topic that is read for the first time tells of what was in force before.
                return
            say(f"A member registry on the topic is refused: {refused}")

    def _say_once(self, said: str, say: Callable[[str], None]) -> None:
        if said != self._told:
            say(said)
        self._told = said

    async def _since(self, settings: Operator, security: SSLContext | None) -> tuple[Sequence[bytes], int]:
        """All that the topic holds from our place on, and its end. Raises _Unread."""
        # Loaded late: whoever follows no topic needs no client.
        from aiokafka import AIOKafkaConsumer, TopicPartition
        from aiokafka.errors import KafkaError

        # It reports every attempt to reach a broker that is away.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        consumer = AIOKafkaConsumer(
            **options(settings.bootstrap_servers, security),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        place = TopicPartition(registry_topic(settings.environment), 0)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await consumer.start()
                # A stop before its tasks have run their first step would raise CancelledError here.
                await asyncio.sleep(0)
                # Looked up in the list of all: some brokers make a topic when somebody asks for it by name.
                if place.topic not in await consumer.topics():
                    raise _Unread("it is not there yet, or the operator may not read it")
                consumer.assign([place])
                return await _read(consumer, place, self.place)
        except (KafkaError, OSError, TimeoutError) as fault:
            raise _Unread(type(fault).__name__) from fault
        finally:
            await consumer.stop()


async def _read(consumer: Any, place: Any, begin: int) -> tuple[Sequence[bytes], int]:
    """From there to the end, or all where the topic was made anew meanwhile and ends before."""
    end: int = (await consumer.end_offsets([place]))[place]
    if begin > end:
        begin = 0
    # What is older than all that is kept is read from the oldest kept on.
    consumer.seek(place, begin)
    found: list[bytes] = []
    while await consumer.position(place) < end:
        for message in (await consumer.getmany(place, timeout_ms=_LISTENING_MS)).get(place, ()):
            found += [message.value] if message.value else []
    return found, end
