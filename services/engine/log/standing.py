"""How a node's access log stands, as /health and /metrics tell it; all of it is in memory already."""

from dataclasses import dataclass

from services.engine.log.access_log import AccessLog
from services.engine.log.checkpoints import Checkpoints
from services.engine.log.witnessing import Witness


@dataclass(frozen=True, slots=True)
class LogStands:
    """`entries` are durable; `trouble` is why no entry can be written. `waiting_seconds` is the age of the oldest
    checkpoint that two others do not hold, None where nobody is asked to; `witnesses` are the other members that hold
    it, or where none waits the newest, however many addresses each has. `contradicted` are the witnesses that hold
    another past of this log, `alarms` the nodes that contradicted what they had signed before."""

    entries: int
    trouble: str | None
    witnesses: int = 0
    waiting_seconds: float | None = None
    contradicted: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


def log_stands(log: AccessLog, checkpoints: Checkpoints | None, witness: Witness | None) -> LogStands:
    """One look; it lists a folder, and does nothing that waits."""
    asked = checkpoints is not None and bool(checkpoints.witnesses)
    return LogStands(
        entries=log.appender.head.number,
        trouble=log.appender.trouble,
        witnesses=checkpoints.holders if checkpoints is not None else 0,
        waiting_seconds=checkpoints.waiting_seconds if checkpoints is not None and asked else None,
        contradicted=tuple(sorted(checkpoints.contradicted)) if checkpoints is not None else (),
        alarms=tuple(witness.alarms) if witness is not None else (),
    )
