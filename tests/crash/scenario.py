"""What happens in one run: all of it follows from seed and number; made for `run`."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.crash.points import BROKER, SUBSCRIBER, WRITER, Deed, Stage, Trap

SQLITE, POSTGRESQL = "sqlite", "postgresql"
EMBEDDED, APACHE = "embedded", "apache-kafka"


class Trouble(StrEnum):
    """What happens to others than relay and writers, while these are at work."""

    NONE = ""
    BROKER_HANGS = "the broker hangs for a while"
    BROKER_RESTARTS = "the broker is stopped and started"
    BROKER_DIES = "the broker is killed and started"
    DATABASE_CRASHES = "the database's server crashes"
    LEASE_LOST = "the lease is taken away"
    SNAPSHOT = "a snapshot of everything is wanted"
    CLOCK_BACK = "the database's clock goes back an hour"
    RELEASE = "a person lets deletes go that are held"
    RECONCILIATION = "a person compares tables and topics, and has mended what differs"
    DISK_FULL = "the disk is full for a while"
    COLUMN_DROPPED = "a column is dropped, and comes back empty"
    COLUMN_RETYPED = "a column has another type for a while"


@dataclass(frozen=True)
class Life:
    """One relay's life: the trap that ends or disturbs it, and where it does not spring, how many seconds it has. With
    `patience` its successor waits for the lease to end by itself. `formerly`: it lives by the contracts before
    (`contracts`); `beside`: a relay by the others lives beside it, and for a moment longer."""

    trap: Trap
    seconds: float
    trouble: Trouble = Trouble.NONE
    patience: bool = False
    formerly: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Scenario:
    """One run. Of the writers, each has a seed and perhaps a trap; `pause` is between their transactions, in seconds.
    With few places in the outbox, what finds no room is marked and read again, so that of several changes only the
    last may be told. `subscribed` is the place of the topic that the subscriber follows, among all, and `following` its
    traps, one for each relay's life.

    Where contracts gain items in the middle, `renewed` is the place of the life before which capture is put in place by
    the new ones, as the department's service does when it starts. With `rolling` a relay by the contracts before is
    told to end only when the last one waits beside it.

    Where the database goes back, as after an asynchronous failover or to an old backup, `goes_back` are the places of
    the life before which a copy is made of it, and of the one before which the copy takes its place.
    """

    seed: int
    number: int
    store: str
    writers: tuple[tuple[int, Trap | None], ...]
    transactions: int
    pause: float
    lives: tuple[Life, ...]
    batch: int
    outbox_limit: int
    keep_seconds: int
    settle_ms: int
    hold_deletes: int
    subscribed: int
    following: tuple[Trap | None, ...]
    renewed: int | None = None
    rolling: bool = False
    goes_back: tuple[int, int] | None = None

    @property
    def turns_back(self) -> bool:
        """Whether a relay by the contracts before may tell anything after one by the new ones has."""
        both = any(one.beside or (one.formerly and one.trap.deed is Deed.FREEZE) for one in self.lives)
        former = [*(one.formerly for one in self.lives), *([True] if self.rolling else [])]
        return both or former != sorted(former, reverse=True)

    @property
    def outlived(self) -> bool:
        """Whether a relay by the contracts before may go on to send for a moment while one by the new ones works."""
        frozen = any(one.formerly and one.trap.deed is Deed.FREEZE for one in self.lives)
        return self.renewed is not None and (frozen or any(one.beside for one in self.lives))

    @property
    def tells_each(self) -> bool:
        """Whether every transaction's effect must be told, and not only how each record stands in the end.

        Not where single records are marked instead of being captured: past the outbox's limit, and on PostgreSQL while
        the disk under our tables is full. That TRUNCATE marks all records takes nothing from it: only deletes have no
        rows of their own then, and one before the record comes again need not be told in any case (`checker`). The same
        goes for deletes that are held. What was noted before an epoch began is told as it stands by then. What is
        noted by the contracts before lacks a column for the new ones, and is read again.
        """
        full = self.store == POSTGRESQL and any(one.trouble is Trouble.DISK_FULL for one in self.lives)
        anew = self.renewed is not None or self.goes_back is not None
        return self.outbox_limit >= AMPLE and not (full or anew)


AMPLE = _MANY = 1_000_000

#: Batches in which a backlog goes slowly.
_SMALL = 3

#: Where a relay's traps are set, by how often it comes there in one life: seldom, or many times.
_SELDOM = (
    *(("lease", stage) for stage in (Stage.STATEMENT, Stage.COMMIT, Stage.COMMITTED)),
    *(("status", stage) for stage in (Stage.BEGIN, Stage.COMMIT, Stage.COMMITTED)),
    *(("outbox", stage) for stage in (Stage.BEGIN, Stage.COMMIT, Stage.COMMITTED)),
    *((room, stage) for room in ("dirty", "naming", "snapshot")
      for stage in (Stage.BEGIN, Stage.COMMIT, Stage.COMMITTED)),
)  # fmt: skip
_OFTEN = (
    *(("publishing", stage) for stage in (Stage.BEGIN, Stage.STATEMENT, Stage.COMMIT, Stage.COMMITTED)),
    *(("dirty", Stage.STATEMENT), ("snapshot", Stage.STATEMENT), ("outbox", Stage.STATEMENT)),
    *((BROKER, stage) for stage in (Stage.SEND, Stage.SENT, Stage.WRITTEN, Stage.PARTLY, Stage.ACKED)),
)
#: Where a relay that is stopped has most in hand.
_FROZEN = (
    (BROKER, Stage.SEND),
    (BROKER, Stage.SENT),
    (BROKER, Stage.ACKED),
    ("publishing", Stage.COMMITTED),
    ("outbox", Stage.COMMITTED),
)
_WRITING = (Stage.STATEMENT, Stage.AFTER, Stage.DURING)
_FOLLOWING = (Stage.BEGIN, Stage.COMMIT, Stage.COMMITTED)
#: What happens anywhere, and what happens besides on one store, or to one broker.
_ANYWHERE = (
    Trouble.SNAPSHOT,
    Trouble.SNAPSHOT,
    Trouble.BROKER_HANGS,
    Trouble.LEASE_LOST,
    Trouble.CLOCK_BACK,
    Trouble.RELEASE,
    Trouble.RECONCILIATION,
    Trouble.RECONCILIATION,
    Trouble.DISK_FULL,
)
_BESIDES = {
    POSTGRESQL: (Trouble.DATABASE_CRASHES, Trouble.COLUMN_DROPPED, Trouble.COLUMN_RETYPED),
    APACHE: (Trouble.BROKER_RESTARTS, Trouble.BROKER_DIES),
}


def scenario_of(seed: int, number: int, stores: tuple[str, ...], broker: str) -> Scenario:
    """The same for the same arguments."""
    chance = random.Random(f"{seed}/{number}")
    store = chance.choice(stores)
    lives = tuple(_life(chance, store, broker) for _ in range(chance.choice((1, 2, 2, 3))))
    batch = chance.choice((1, 3, 10, 50, 500))
    # What goes one by one takes its time.
    transactions = chance.choice((8, 14, 20)) * (1 + len(lives)) // (2 if batch <= _SMALL else 1)
    made = Scenario(
        seed=seed,
        number=number,
        store=store,
        writers=tuple(
            (chance.randrange(2**32), _one_of(chance, WRITER, _WRITING, 40, 0.3))
            for _ in range(chance.choice((2, 3, 4)))
        ),
        transactions=transactions,
        pause=chance.choice((0.002, 0.005, 0.015)),
        lives=lives,
        batch=batch,
        outbox_limit=chance.choice((AMPLE, AMPLE, AMPLE, 5, 40)),
        keep_seconds=chance.choice((600, 600, 1)),
        settle_ms=chance.choice((0, 0, 0, 50)),
        hold_deletes=chance.choice((AMPLE, AMPLE, 3)),
        subscribed=chance.randrange(_MANY),
        following=tuple(_one_of(chance, SUBSCRIBER, _FOLLOWING, 20, 0.7) for _ in lives),
    )
    if chance.random() < 0.3:
        return renewed(chance, made)
    return going_back(chance, made) if chance.random() < 0.2 else made


def going_back(chance: random.Random, made: Scenario) -> Scenario:
    """The same with a database that goes back once."""
    copied, put_back = sorted(chance.sample(range(len(made.lives) + 1), 2))
    return replace(made, goes_back=(copied, put_back))


def renewed(chance: random.Random, made: Scenario) -> Scenario:
    """The same with contracts that gain items on the way, before one of its lives or at the end; now and then a relay
    by the contracts before comes back."""
    first = chance.randint(0, len(made.lives))
    lives = tuple(
        replace(life, formerly=place < first or chance.random() < 0.25, beside=chance.random() < 0.4)
        for place, life in enumerate(made.lives)
    )
    rolling = chance.random() < 0.4 or not any(one.formerly or one.beside for one in lives)
    # Service and relay may be started anew in either order.
    service = min(max(first + chance.choice((-1, 0, 0, 1)), 0), len(lives))
    return replace(made, lives=lives, renewed=service, rolling=rolling)


def _life(chance: random.Random, store: str, broker: str) -> Life:
    seconds = chance.uniform(0.2, 0.8)
    troubles = (*_ANYWHERE, *_BESIDES.get(store, ()), *_BESIDES.get(broker, ()))
    trouble = chance.choice(troubles) if chance.random() < 0.35 else Trouble.NONE
    return Life(_trap(chance), seconds, trouble, patience=chance.random() < 0.1)


def _trap(chance: random.Random) -> Trap:
    kind = chance.random()
    if kind < 0.15:
        return Trap(*chance.choice(_FROZEN), _nth(chance, 6), Deed.FREEZE)
    if kind < 0.25:
        return Trap(BROKER, Stage.WRITTEN, _nth(chance, 6), Deed.SEVER)
    if kind < 0.5:
        return Trap(*chance.choice(_SELDOM), _nth(chance, 2))
    return Trap(*chance.choice(_OFTEN), _nth(chance, 6))


def _nth(chance: random.Random, about: float) -> int:
    return 1 + int(chance.expovariate(1 / about))


def _one_of(
    chance: random.Random, room: str, stages: Sequence[Stage], about: float, often: float
) -> Trap | None:
    """A trap in some of the lives."""
    return Trap(room, chance.choice(stages), _nth(chance, about)) if chance.random() < often else None
