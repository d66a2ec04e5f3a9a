"""A subscriber as a process: notes when it sees which tool's name, a line each; started by `sides` with broker, topic
and file."""

import asyncio
import sys
import time
from pathlib import Path

import orjson

from services.client.topics import _partitions
from services.engine.relay.reading import reading
from services.engine.relay.security import options


async def run(bootstrap: str, topic: str, seen: Path) -> None:
    way = options(bootstrap, None)
    places = await _partitions(way, [topic])
    async with reading(way) as consumer:
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        with seen.open("w", buffering=1) as notes:
            notes.write("ready 0\n")
            while True:
                found = await consumer.getmany(timeout_ms=1_000)
                now = time.monotonic_ns()
                messages = [one for some in found.values() for one in some]
                notes.write("".join(f"{_name(one.value)} {now}\n" for one in messages))


def _name(value: bytes | None) -> str:
    return str(orjson.loads(value)["name"]) if value else "deleted"


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
