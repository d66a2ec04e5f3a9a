"""Act 2: an old program changes an address by plain SQL, and a subscriber receives the event."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import orjson

from schemas.wire.event import Event
from schemas.wire.topics import Audience, Topic
from services.cli import show
from services.cli.story.stage import Stage, expect
from services.cli.world.plan import DIVISION, ENVIRONMENT
from services.client.topics import Following, follow

_PATIENCE_SECONDS = 20.0
_NEW_ADDRESS = "浙江省宁波市海曙区药行街88号"


def tell(stage: Stage, address: str = _NEW_ADDRESS) -> None:
    """Follow the topic, let the old program write, and show the event with the time between."""
    stage.heading(2, "One change, one event: an old program updates its table by SQL")
    topic = Topic(ENVIRONMENT, DIVISION, "market_regulation.enterprises", 1, Audience.PUBLIC)
    event, milliseconds = asyncio.run(_change_and_wait(stage, str(topic), address))
    stage.timings["event"] = milliseconds
    stage.say(f"{event.type}  subject {event.subject}  version {event.recordepoch}.{event.recordversion}")
    stage.say(show.as_json(event.data))
    stage.right(f"the event came {milliseconds:.1f} ms after the commit")


async def _change_and_wait(stage: Stage, topic: str, address: str) -> tuple[Event, float]:
    code = stage.restaurant.credit_code
    following = follow(stage.plan.bootstrap, [topic], from_start=False)
    first = asyncio.create_task(_first_of(following, code, address))
    try:
        await following.started()
        committed = await asyncio.to_thread(_run_old_program, stage, code, address)
        event, received = await asyncio.wait_for(first, _PATIENCE_SECONDS)
    except TimeoutError:
        expect(False, "no event came for the change")
        raise
    finally:
        first.cancel()
        await following.close()
    return event, (received - committed) / 1e6


async def _first_of(following: Following, code: str, address: str) -> tuple[Event, int]:
    async for event in following:
        data = event.data or {}
        # The snapshot with which a topic begins may still be told.
        if data.get("credit_code") == code and not event.type.endswith(".snapshot"):
            received = time.time_ns()
            expect(data.get("address") == address, "the event holds another address")
            return event, received
    raise AssertionError("a topic does not end")


def _run_old_program(stage: Stage, code: str, address: str) -> int:
    script = Path(__file__).with_name("foreign_program.py")
    url = stage.plan.department("market_regulation").database_url
    done = subprocess.run(
        [sys.executable, "-I", str(script), url, code, address],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return int(orjson.loads(done.stdout))
