"""What /health looks at: the signed files, the database, capture and the outbox; called by `node`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.engine.access.gate import Gate
from services.engine.access.trusted import SignedFile
from services.engine.api.health import Check, Finding
from services.engine.capture.captured import Captured, captures
from services.engine.capture.database import Database, DatabaseRefuses
from services.engine.capture.status import CaptureStatus, capture_status
from services.engine.mapping.model import Mapping as TableMapping
from services.engine.source.port import RecordSource, SourceAway

#: A change that waits longer than this, or a relay silent for longer, is worth a person's look, in seconds.
_LATE_SECONDS = 60.0


def node_checks(
    source: RecordSource, gate: Gate, database: Database, mappings: Sequence[TableMapping]
) -> Mapping[str, Check]:
    """Every check by its name in /health. What only delays publishing does not make a node unready."""
    captured = captures(mappings)

    async def registry() -> Finding:
        return _signed(gate.registry, gate.clock())

    async def grants() -> Finding:
        return _signed(gate.grants, gate.clock())

    async def records() -> Finding:
        try:
            await source.check()
        except SourceAway:
            return Finding(False, "it does not answer")
        return Finding(True)

    async def capture() -> Finding:
        return await _capture(database, captured)

    async def outbox() -> Finding:
        try:
            return _outbox(await capture_status(database, captured))
        except DatabaseRefuses:
            return Finding(False, "there is none yet", needed=False)

    return {"registry": registry, "grants": grants, "database": records, "capture": capture, "outbox": outbox}


def _signed(file: SignedFile[Any], now: datetime) -> Finding:
    """What was read last and was good stays in force, so a file that went bad only worsens the node."""
    file.refresh()
    reason = file.why_not(now)
    return Finding(
        reason is None, reason or "", needed=file.value.number == 0, facts={"number": file.value.number}
    )


async def _capture(database: Database, captured: Sequence[Captured]) -> Finding:
    try:
        missing = (await capture_status(database, captured)).missing
    except DatabaseRefuses:
        missing = tuple(one.dataset for one in captured)
    if missing:
        return Finding(False, f"not in place for {', '.join(missing)}: see `langqiao department attach`")
    return Finding(True)


def _outbox(status: CaptureStatus) -> Finding:
    facts = {
        "unsent": status.unsent,
        "oldest_unsent_seconds": round(status.oldest_unsent_seconds, 3),
        "parked": status.parked,
        "to_be_read_again": status.dirty,
        "relay_trouble": status.relay.trouble if status.relay else None,
        "relay_spoke_seconds_ago": round(status.relay.age_seconds, 3) if status.relay else None,
    }
    reason = _backlog(status)
    return Finding(not reason, reason, needed=False, facts=facts)


def _backlog(status: CaptureStatus) -> str:
    """What a person should look at; empty when all is well."""
    if status.relay is not None and status.relay.trouble:
        return f"the relay cannot publish: {status.relay.trouble}"
    if status.oldest_unsent_seconds > _LATE_SECONDS:
        return f"a change has waited for {status.oldest_unsent_seconds:.0f} s"
    if status.parked:
        return f"{status.parked} changes cannot be published"
    if status.relay is not None and status.relay.age_seconds > _LATE_SECONDS:
        return f"the relay has been silent for {status.relay.age_seconds:.0f} s"
    return ""
