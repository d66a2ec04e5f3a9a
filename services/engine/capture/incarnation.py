"""The department's database's own id, by which its topics know who writes them, and a person's word that it takes
topics over from another; asked by the relay before it sends."""

import secrets
from dataclasses import asdict, dataclass

import orjson
from sqlalchemy import Connection

from services.engine.capture import clock, state

#: In `state`: the id, and since when a person allows that topics are taken over.
_INCARNATION, _TAKE_OVER = "incarnation", "take_over"


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
    fresh = Incarnation(secrets.token_hex(8), clock.read_now(connection))
    state.put(connection, {_INCARNATION: orjson.dumps(asdict(fresh)).decode()})
    return fresh


def allow_taking_over(connection: Connection) -> None:
    """Let this database take its topics over from another one, the next time that another is met there."""
    state.put(connection, {_TAKE_OVER: clock.read_now(connection)})


def may_take_over(connection: Connection) -> bool:
    return state.get(connection, _TAKE_OVER) is not None


def nobody_met(connection: Connection) -> None:
    """No other database is met: what a person allowed is over."""
    state.forget(connection, [_TAKE_OVER])
