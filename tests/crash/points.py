"""The points of a relay's, a writer's and a subscriber's work at which something may happen to it, and the trap that
waits at one; set by `scenario`, met through `seams`, `hand` and `subscriber`."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

#: The room of the points at the broker. All others are modules of `services.engine.capture`, by their transactions.
BROKER = "broker"
#: The rooms of a writer's and of a subscriber's points.
WRITER, SUBSCRIBER = "writer", "subscriber"


class Stage(StrEnum):
    """How far a piece of work has come."""

    BEGIN = "before its transaction"
    STATEMENT = "before a statement of its"
    COMMIT = "before its commit"
    COMMITTED = "after its commit"
    SEND = "before a send"
    SENT = "after a send"
    WRITTEN = "after the bytes are gone, before they are acknowledged"
    PARTLY = "after an acknowledgement, before the others"
    ACKED = "after all acknowledgements, before the mark"
    DURING = "in the middle of a statement"
    AFTER = "after a statement"


class Deed(StrEnum):
    """What happens there."""

    KILL = "killed"
    FREEZE = "stopped"
    SEVER = "cut off from the broker"


@dataclass(frozen=True, slots=True)
class Trap:
    """The `nth` time that a room's work comes to a stage, the deed is done."""

    room: str
    stage: Stage
    nth: int
    deed: Deed = Deed.KILL


class Watch:
    """Counts what a process does until its trap springs; one in each process. Its words go to the process's log."""

    def __init__(self, trap: Trap | None) -> None:
        self._trap = trap
        self._met = 0
        #: How a connection to the broker is cut, where there is one.
        self.sever: Callable[[], None] | None = None

    def visit(self, room: str, stage: Stage, what: str = "") -> None:
        """A piece of work, called `what` more closely, has come to a stage. May not return."""
        trap = self._trap
        if trap is None or (trap.room, trap.stage) != (room, stage):
            return
        self._met += 1
        if self._met == trap.nth:
            self._trap = None
            self._spring(trap, what)

    def due(self, room: str, stage: Stage) -> bool:
        """Whether the trap is of that place, for what must be prepared before it can spring."""
        return self._trap is not None and (self._trap.room, self._trap.stage) == (room, stage)

    def _spring(self, trap: Trap, what: str) -> None:
        place = ".".join(filter(None, (trap.room, what)))
        print(f"{SPRUNG}{trap.deed} at {place}, {trap.stage}, met for the {trap.nth}. time")
        sys.stdout.flush()
        match trap.deed:
            case Deed.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Deed.FREEZE:
                os.kill(os.getpid(), signal.SIGSTOP)
            case Deed.SEVER:
                if self.sever is not None:
                    self.sever()


#: What a relay's log says when it is about to send.
BEGUN = "has looked what the broker holds"
#: Begins the line of a log that tells of a sprung trap.
SPRUNG = "trap: "
