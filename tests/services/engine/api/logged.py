"""What a test reads of a node's access log, from the disk."""

from typing import Any

import orjson

from schemas.trust.chain import check
from schemas.trust.subjects import pseudonym
from services.engine.log.files import lines, segments
from services.engine.log.keys import derived_key
from services.engine.settings import Settings
from tests.services.engine.api import office


def log_of(settings: Settings) -> list[bytes]:
    """The lines of the log."""
    return [line[:-1] for one in segments(settings.access_log) for line in lines(one)]


def entries_of(settings: Settings) -> list[dict[str, Any]]:
    """What the entries of a whole log say, all but the one that it begins with."""
    found = log_of(settings)
    assert check(found) == []
    return [orjson.loads(line)["entry"] for line in found][1:]


def person(number: int) -> str:
    """The pseudonym of a vehicle's owner."""
    return named("id-number", office.owner_id(number))


def named(kind: str, value: str) -> str:
    return pseudonym(derived_key(b"p" * 32), (kind, value))
