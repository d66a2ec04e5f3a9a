"""Which majors the department's office ends, and when, kept beside its records: so that the relay, which the office
tells nothing, stops telling by them on their day; written by `ends_kept`, read by the relay and by tools."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from schemas.trust import retiring
from schemas.trust.retiring import Retirements
from services.engine.capture import clock, state

#: State: the ends, with the number of the document that told them; and when a relay looked last (seconds by the
#: database's clock).
_ENDS, _LOOKED = "ends", "ends_looked"

#: A clock may be set back by so much, in seconds, and what was over stays over; one that was wrong by more is believed.
_SET_BACK = 3600.0


def newer(connection: Connection, number: int) -> bool:
    """Whether a document of that number is newer than the one whose ends are kept."""
    return number > int(_kept(connection)["number"])


def keep(connection: Connection, number: int, found: Retirements) -> None:
    """The ends that a document of that number tells, in place of those that an older one told: of several services
    beside one database each may hold another document."""
    state.hold(connection, _ENDS)
    if newer(connection, number):
        # They are this department's own, so whose they are is not said.
        facts = [replace(one, provider=None).facts for one in found.values()]
        state.put(connection, {_ENDS: orjson.dumps({"number": number, retiring.MEMBER: facts}).decode()})


def over(connection: Connection) -> frozenset[tuple[str, int]]:
    """Those, by dataset and major, that are no more, by the database's clock alone: relays take over from each other,
    and by clocks of their own one would bring back what another has ended."""
    return retiring.over(retiring.read(_kept(connection), ""), datetime.fromtimestamp(_at(connection), UTC))


def look(connection: Connection) -> frozenset[tuple[str, int]]:
    """The same, by whoever leads: until it looks again what is over now stays over, though the clock be set back."""
    state.put(connection, {_LOOKED: str(_at(connection))})
    return over(connection)


def _kept(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(state.get(connection, _ENDS) or '{"number": 0}')
    return found


def _at(connection: Connection) -> float:
    now, looked = clock.read_seconds(connection), float(state.get(connection, _LOOKED) or 0)
    return looked if now < looked <= now + _SET_BACK else now
