"""Whether a subscriber's copy is whole: what it holds of a topic, against what the newest `reconciled` control record
says that the topic folded to; for integrators' programs."""

from collections.abc import Mapping
from typing import Any

from schemas.wire.control import THIN, Reconciled, Sum
from schemas.wire.event import body_of
from services.engine.capture.told import digest_of


def is_whole(copy: Mapping[str, Mapping[str, Any] | None], reconciled: Reconciled, audience: str) -> bool:
    """Whether a copy of one audience's topic is what the department counted there.

    `copy` holds, by record id, the data of each record's newest event, None where that had a `dataref` instead; records
    that were deleted are not in it. The answer holds for a copy that has been applied up to the record's offsets, and
    no further: where the feed has moved on since, compare again after the next one. KeyError for an audience that the
    record does not name.
    """
    mine = Sum()
    for subject, data in copy.items():
        mine.add(subject, THIN if data is None else digest_of(body_of(dict(data)) or b""))
    return mine.contents == reconciled.audiences[audience]
