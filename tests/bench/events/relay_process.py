"""The relay of the bench's department as a process, put together as `services/engine/relay/main.py` does, with a watch
around its stages; started by `sides`, with its settings in the environment and the file for the watch's lines."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from services.engine.capture import lease, publishing
from services.engine.capture.database import PostgresqlDatabase
from services.engine.relay import main, sending
from services.engine.relay.chores import Chores
from services.engine.relay.feeds import feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.lease import Lease
from services.engine.relay.loop import Relay
from services.engine.relay.reconciler import Reconciler
from services.engine.relay.sending import Sender
from services.engine.settings import Settings
from tests import workshop
from tests.bench.events.ground import MAPPINGS
from tests.bench.events.stages import Stage, Watch

_TRANSACTIONS: Mapping[Any, Stage] = {
    publishing.waiting: Stage.READING,
    publishing.make_ready: Stage.NUMBERING,
    publishing.settle: Stage.MARKING,
}


def run(lines: Path) -> int:
    settings = Settings()
    feeds = feeds_of(MAPPINGS, settings, workshop.SECRET)
    with lines.open("wb", buffering=0) as file:
        put_around(Watch(file.write))
        return main.uvloop.run(main._relay(feeds, KafkaBroker(settings), settings))


def put_around(watch: Watch) -> None:
    """Have a watch on every relay of this process."""
    for owner, name, wrap in (
        (Relay, "_send", watch.sending),
        (Relay, "_rest", partial(watch.during, Stage.RESTING)),
        (PostgresqlDatabase, "changed", partial(watch.during, Stage.LOOKING)),
        (Sender, "round", watch.round),
        (PostgresqlDatabase, "read", partial(watch.by, _stage_of)),
        (PostgresqlDatabase, "write", partial(watch.by, _stage_of)),
        (sending, "decide", watch.counting),
        (sending, "decide", partial(watch.during, Stage.DECIDING)),
        (Sender, "_publish_all", partial(watch.during, Stage.RENDERING)),
        (KafkaBroker, "publish", partial(watch.during, Stage.PUBLISHING)),
        (Chores, "run", watch.beside),
        (Lease, "keep", watch.beside),
        (Reconciler, "run", watch.beside),
    ):
        setattr(owner, name, wrap(getattr(owner, name)))


def _stage_of(_: PostgresqlDatabase, work: Any, *args: Any) -> Stage | None:
    """Of a transaction; in one under the lease the work proper comes after it, its number and its length."""
    work = args[2] if work is lease.holding else work
    return _TRANSACTIONS.get(work)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
