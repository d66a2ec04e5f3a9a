"""The relay of the bench's department as a process, put together as `services/engine/relay/main.py` does; started by
`sides`, with its settings in the environment."""

import sys

from services.engine.relay import main
from services.engine.relay.feeds import feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.settings import Settings
from tests import workshop
from tests.bench.events.ground import MAPPINGS


def run() -> int:
    settings = Settings()
    feeds = feeds_of(MAPPINGS, settings, workshop.SECRET)
    return main.uvloop.run(main._relay(feeds, KafkaBroker(settings), settings))


if __name__ == "__main__":
    sys.exit(run())
