"""Deletes that are not told at once: a record may come again, as after a nightly reload, and many deletes may be a
mistake; used by `sending`."""

import logging
from collections.abc import Sequence
from functools import partial

from services.engine.capture import deletes
from services.engine.capture.database import Database
from services.engine.capture.outbox import SETTLING, Change
from services.engine.capture.tables import DELETED
from services.engine.relay.lease import Lease
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")

#: Rows in one transaction: short, since on SQLite the department's writers wait for it.
_CHUNK = 1_000


async def set_aside(lease: Lease, database: Database, changes: Sequence[Change], settings: Settings) -> bool:
    """Whether the outbox is no longer as these waiting changes say: deletes in it turned out needless, or wait."""
    mine = {
        one.dataset for one in changes if one.op == DELETED and one.sequence is None and not one.overtaken
    }
    found = False
    for dataset in sorted(mine):
        found |= await _of_dataset(lease, database, dataset, settings)
    return found


async def _of_dataset(lease: Lease, database: Database, dataset: str, settings: Settings) -> bool:
    needless = settling = held = 0
    most = settings.hold_deletes
    many = await database.read(deletes.may_be_many, dataset, most)
    if many or settings.settle_ms:
        needless = await _all(lease, partial(deletes.drop_overtaken, dataset=dataset, limit=_CHUNK))
    if settings.settle_ms:
        settle = partial(deletes.settle, dataset=dataset, settle_ms=settings.settle_ms, limit=_CHUNK)
        settling = await _all(lease, settle)
    if many and await database.read(deletes.too_many, dataset, most):
        held = await _all(lease, partial(deletes.hold, dataset=dataset, limit=_CHUNK))
    elif many and await database.read(deletes.may_be_many, dataset, most):
        # Past the outbox's limit they left marks, which say how many they are.
        hold = partial(deletes.hold, dataset=dataset, limit=_CHUNK, because=SETTLING)
        settling += await _all(lease, hold)
    if held:
        _log.error("%s: %d deletes wait for a person; see `langqiao outbox held`", dataset, held)
    return needless + settling + held > 0


async def _all(lease: Lease, some: "partial[int]") -> int:
    """Chunk by chunk; how many in all."""
    done = 0
    while count := await lease.write(some):
        done += count
        if count < _CHUNK:
            break
    return done
