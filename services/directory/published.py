"""What the authority published on the registry's topic since it was last looked at, taken in as nodes do and kept; used
by `langqiao acls` each time that rights are settled."""

import asyncio
import logging
from collections.abc import Callable
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

#: How long one look may take: rights that others than the topic decide wait for it, and are to be in force within five
#: seconds. What it did not get through the next one goes on with.
_PATIENCE_SECONDS = 2.0
#: How long each look at the topic waits for what it is known to hold, in milliseconds.
_LISTENING_MS = 100


class _Unread(Exception):
    """The topic was not read to its end; says why."""


@dataclass(slots=True)
class Published:
    """`place` is where the next look begins: what was refused once is not said each time."""

    place: int = 0
    #: Whether a look has come to the topic's end: what stands before tells of what was in force once.
    _caught_up: bool = field(init=False, default=False)

    def take_in(self, settings: Operator, security: SSLContext | None, say: Callable[[str], None]) -> None:
        """Put what came into the settings' folder, where it is good and newer than what is held; nothing where none is
        named. `say` is told what is refused, and each time why the topic was not read to its end: then what was kept
        counts, and what came until then.

        Raises CannotKnow where the file of the settings cannot be relied on.
        """
        if settings.registry_folder is None:
            return
        kept = followed(settings, settings.registry_folder)
        look = _Look(self.place)
        try:
            try:
                asyncio.run(look.go_on(settings, security))
            finally:
                for content in look.found:
                    self._take(content, kept.take, say)
                self.place = look.place
            self._caught_up = True
        except (_Unread, OSError) as fault:
            reason = str(fault) if isinstance(fault, _Unread) else type(fault).__name__
            say(f"The registry's topic is not followed now: {reason}.")

    def _take(self, content: bytes, take: Callable[[str], object], say: Callable[[str], None]) -> None:
        """Words on a registry are for nodes: whoever settles rights goes by the registry alone."""
        try:
            text = text_of(content)
            if not is_word(signed.unchecked(text)):
                take(text)
        except DocumentRefused as refused:
            if refused.reason == "older" and not self._caught_up:
                return
            say(f"A member registry on the topic is refused: {refused}")


@dataclass(slots=True)
class _Look:
    """One look at the topic: what it `found`, up to which `place`, also where it ends early."""

    place: int
    found: list[bytes] = field(init=False, default_factory=list)

    async def go_on(self, settings: Operator, security: SSLContext | None) -> None:
        """Find all from our place on; raises _Unread where the topic's end is not reached."""
        # Loaded late: whoever follows no topic needs no client.
        from aiokafka import TopicPartition
        from aiokafka.errors import KafkaError

        from services.engine.relay.reading import reading

        # It reports every attempt to reach a broker that is away.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        way = options(settings.bootstrap_servers, security)
        topic = TopicPartition(registry_topic(settings.environment), 0)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), reading(way) as consumer:
                # Looked up in the list of all: some brokers make a topic when somebody asks for it by name.
                if topic.topic not in await consumer.topics():
                    raise _Unread("it is not there yet, or the operator may not read it")
                consumer.assign([topic])
                await self._read(consumer, topic)
        except (KafkaError, OSError, TimeoutError) as fault:
            raise _Unread(type(fault).__name__) from fault

    async def _read(self, consumer: Any, topic: Any) -> None:
        """To the end; all, where the topic was made anew meanwhile and ends before."""
        end: int = (await consumer.end_offsets([topic]))[topic]
        if self.place > end:
            self.place = 0
        # What is older than all that is kept is read from the oldest kept on.
        consumer.seek(topic, self.place)
        while self.place < end:
            messages = (await consumer.getmany(topic, timeout_ms=_LISTENING_MS)).get(topic, ())
            self.place = await consumer.position(topic)
            self.found += [one.value for one in messages if one.value]
