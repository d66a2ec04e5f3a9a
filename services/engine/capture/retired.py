"""Which majors the department's office ends, and when, kept beside its records: so that the relay, which the office
tells nothing, stops telling by them on their day; written by `ends_kept`, read by the relay and by tools."""

from dataclasses import replace
from datetime import datetime

import orjson
from sqlalchemy import Connection

from schemas.trust import retiring
from schemas.trust.retiring import Retirements
from services.engine.capture import state

_ENDS = "retiring"


def same(connection: Connection, found: Retirements) -> bool:
    """Whether these are what is kept."""
    return (state.get(connection, _ENDS) or "[]") == _text(found)


def keep(connection: Connection, found: Retirements) -> None:
    """These, in place of what was kept."""
    state.put(connection, {_ENDS: _text(found)})


def over(connection: Connection, now: datetime) -> frozenset[tuple[str, int]]:
    """Those, by dataset and major, that are no more at an aware time."""
    kept = orjson.loads(state.get(connection, _ENDS) or "[]")
    return retiring.over(retiring.read({retiring.MEMBER: kept}, ""), now)


def _text(found: Retirements) -> str:
    """They are this department's own, so whose they are is not said."""
    return orjson.dumps([replace(one, provider=None).facts for one in found.values()]).decode()
