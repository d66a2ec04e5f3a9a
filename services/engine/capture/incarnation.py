"""The department's database's own id, by which its topics know who writes them, a person's word that it takes topics
over from another, and when it was last behind its topics; asked by the relay before it sends."""

import secrets
from dataclasses import asdict, dataclass

import orjson
from sqlalchemy import Connection

from services.engine.capture import clock, state

#: In `state`: the id, since when a person allows that topics are taken over, and when the topics bore numbers last
#: that this database had not given, in seconds.
_INCARNATION, _TAKE_OVER, _BEHIND = "incarnation", "take_over", "behind"

#: A database goes back once, for a restore or a failover. Where it is behind again within this time, something else
#: goes on writing, in seconds.
_AGAIN = 3_600.0


@dataclass(frozen=True, slots=True)
class Incarnation:
    """A copy of the database has the same `id`, and so has one that was restored. `since`: RFC 3339 UTC."""

    id: str
    since: str


def own(connection: Connection) -> Incarnation:
    """This database's, made when first asked for."""
    known = state.get(connection, _INCARNATION)
    if known is not None:
        return Incarnation(**orjson.loads(known))
    return renew(connection)


def renew(connection: Connection) -> Incarnation:
    """A new id, which no copy of this database has: whoever has the former one is another from now on."""
    fresh = Incarnation(secrets.token_hex(8), clock.read_now(connection))
    state.put(connection, {_INCARNATION: orjson.dumps(asdict(fresh)).decode()})
    return fresh


def behind_lately(connection: Connection) -> bool:
    """Whether this database was behind its topics a while ago already, and began an epoch for it."""
    last = state.get(connection, _BEHIND)
    return last is not None and 0 <= clock.read_seconds(connection) - float(last) < _AGAIN


def behind(connection: Connection) -> dict[str, str]:
    """The fact that this database is behind its topics now, to be put into `state` with the epoch that begins."""
    return {_BEHIND: str(clock.read_seconds(connection))}


def allow_taking_over(connection: Connection) -> None:
    """Let this database take its topics over from another one, the next time that another is met there."""
    state.put(connection, {_TAKE_OVER: clock.read_now(connection)})


def may_take_over(connection: Connection) -> str | None:
    """Since when a person allows it, RFC 3339 UTC; None when nobody does."""
    return state.get(connection, _TAKE_OVER)


def nobody_met(connection: Connection) -> None:
    """No other database is met: what a person allowed is over."""
    state.forget(connection, [_TAKE_OVER])


def taking_over(connection: Connection) -> Incarnation:
    """The new id under which it takes its topics over; what was written there before counts no more against it."""
    state.forget(connection, [_BEHIND])
    return renew(connection)
