"""The lease: at most one relay works an outbox; each holder has a number that never comes again. Used by the relay."""

from collections.abc import Callable
from functools import cache
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Float, Update, bindparam, select, update

from services.engine.capture import clock
from services.engine.capture.tables import engine_tables
from services.engine.capture.upsert import insert

P = ParamSpec("P")
R = TypeVar("R")

#: The one lease of a department.
NAME = "relay"


class LeaseLost(Exception):
    """Another relay has taken over: whatever this one still has in hand is the other's now."""


def take(connection: Connection, holder: str, seconds: float) -> int | None:
    """The lease under a new fencing number, if nobody else holds it; else None. By the database's clock alone: where
    that went back, a lease that seems to last longer than any does not count."""
    dialect = connection.dialect.name
    lease, now = engine_tables(dialect).lease, clock.seconds(dialect)
    nobody = insert(dialect, lease).values(name=NAME, holder="", fence=0, until=0.0)
    connection.execute(nobody.on_conflict_do_nothing(index_elements=["name"]))
    free = (lease.c.holder == holder) | (lease.c.until < now) | (lease.c.until > now + seconds)
    taking = update(lease).where(lease.c.name == NAME, free)
    taken = taking.values(holder=holder, fence=lease.c.fence + 1, until=now + seconds)
    if connection.execute(taken).rowcount == 0:
        return None
    fence: int = connection.execute(select(lease.c.fence).where(lease.c.name == NAME)).scalar_one()
    return fence


def hold(connection: Connection, fence: int, seconds: float) -> None:
    """Renew; LeaseLost when the number is no longer ours. Said first in every transaction that a relay writes in, it
    makes a relay that was overtaken fail before it changes anything."""
    mine = {"our_fence": fence, "for_seconds": seconds}
    if connection.execute(_holding(connection.dialect.name), mine).rowcount == 0:
        raise LeaseLost


@cache
def _holding(dialect: str) -> Update:
    lease = engine_tables(dialect).lease
    mine = update(lease).where(lease.c.name == NAME, lease.c.fence == bindparam("our_fence"))
    return mine.values(until=clock.seconds(dialect) + bindparam("for_seconds", type_=Float))


def release(connection: Connection, fence: int) -> None:
    """Let the next relay begin at once."""
    lease = engine_tables(connection.dialect.name).lease
    connection.execute(update(lease).where(lease.c.name == NAME, lease.c.fence == fence).values(until=0.0))


def holding(
    connection: Connection,
    fence: int,
    seconds: float,
    work: Callable[Concatenate[Connection, P], R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """`work` in the same transaction, after the lease was renewed; LeaseLost before anything is changed."""
    hold(connection, fence, seconds)
    return work(connection, *args, **kwargs)
