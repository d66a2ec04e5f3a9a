"""A broker to which all goes signed by the node's key; put around another by `main`, where a setting asks for it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.trust.keys import KeyPair
from schemas.trust.signed_events import Published, sign
from services.engine.relay.broker import Ack, Broker, Kept, Place, Tail
from services.engine.relay.deciding import BREATH
from services.engine.relay.projection import Message


@dataclass(frozen=True, slots=True)
class SigningBroker:
    """See `Broker`. Control records are signed as records' events are."""

    broker: Broker
    key: Callable[[], KeyPair]

    async def publish(self, messages: Sequence[Message]) -> list[Ack]:
        signed = []
        for place, one in enumerate(messages):
            if place % BREATH == 0:
                await asyncio.sleep(0)
            signed.append(self._signed(one))
        return await self.broker.publish(signed)

    def why_not(self, now: datetime) -> str:
        return self.broker.why_not(now)

    async def prepare(self, topics: Mapping[str, int]) -> None:
        await self.broker.prepare(topics)

    async def tails(self, topics: Mapping[str, int], since: Mapping[Place, int]) -> dict[Place, Tail]:
        return await self.broker.tails(topics, since)

    async def ends(self, topics: Mapping[str, int]) -> dict[Place, int]:
        return await self.broker.ends(topics)

    async def read(
        self, spans: Mapping[Place, tuple[int, int]], take: Callable[[Sequence[Kept]], None]
    ) -> None:
        await self.broker.read(spans, take)

    async def close(self) -> None:
        await self.broker.close()

    def _signed(self, one: Message) -> Message:
        event = Published(one.topic, one.key, one.value, one.headers)
        return replace(one, headers=sign(event, self.key()))
