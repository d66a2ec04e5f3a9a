"""What /health looks at: the signed files, the department's tables, capture and the outbox; called by `node`."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from services.engine.access.gate import Gate
from services.engine.access.kept_grants import KeptGrants
from services.engine.access.kept_registry import KeptRegistry
from services.engine.api.health import Check, Finding
from services.engine.api.standing import Standing, Stands
from services.engine.capture.database import DatabaseRefuses
from services.engine.capture.status import CaptureStatus
from services.engine.log.appender import Appender
from services.engine.log.files import LogUnavailable
from services.engine.log.standing import LogStands
from services.engine.source.port import SourceAway
from services.engine.tls import Tls

#: A change that waits longer than this, or a relay silent for longer, is worth a person's look, in seconds.
_LATE_SECONDS = 60.0


def node_checks(
    standing: Standing, gate: Gate, tls: Tls, appender: Appender, late_seconds: float
) -> Mapping[str, Check]:
    """Every check by its name in /health. What only delays publishing, or harms some datasets of several, does not make
    a node unready."""

    async def registry() -> Finding:
        gate.refresh()
        return _registry(gate.registry, gate.clock())

    async def grants() -> Finding:
        gate.refresh()
        return _granted(gate.grants, gate.clock())

    async def records() -> Finding:
        return _records(await standing.now())

    async def capture() -> Finding:
        return _capture(await standing.now())

    async def outbox() -> Finding:
        return _outbox(await standing.now())

    async def log() -> Finding:
        # So that trouble shows, and ends, without a caller who meets it.
        with suppress(LogUnavailable):
            await appender.probe()
        return _log(standing.log(), late_seconds)

    return {
        **_trusting(gate, tls),
        "registry": registry,
        "grants": grants,
        "database": records,
        "capture": capture,
        "outbox": outbox,
        "log": log,
    }


def _trusting(gate: Gate, tls: Tls) -> Mapping[str, Check]:
    """What others vouch for, or share; without it a node goes on by what it had."""

    async def issuer() -> Finding:
        fault = gate.issuing.fault if gate.issuing is not None else None
        return Finding(fault is None, fault or "", needed=False)

    async def secured() -> Finding:
        tls.refresh()
        reason = tls.why_not(gate.clock())
        return Finding(not reason, reason, needed=False)

    async def links() -> Finding:
        reason = gate.link_keys.why_not()
        return Finding(reason is None, reason or "", needed=False, facts=gate.link_keys.facts())

    return {"tls": secured, "issuer": issuer, "link_keys": links}


def _log(stands: LogStands, late_seconds: float) -> Finding:
    """Without its log a node discloses nothing, so it is not ready; what is amiss with checkpoints is for a person."""
    facts = asdict(stands)
    if stands.trouble is not None:
        return Finding(False, f"no entry can be written: {stands.trouble}", facts=facts)
    reason = ""
    if stands.contradicted:
        reason = f"{', '.join(stands.contradicted)} hold another past of this node's log"
    elif stands.alarms:
        reason = f"the logs of {', '.join(stands.alarms)} contradict what they said: see the folder witnessed"
    elif (stands.waiting_seconds or 0.0) > late_seconds:
        held = f"{stands.witnesses} other {'member holds' if stands.witnesses == 1 else 'members hold'} it"
        reason = f"a checkpoint has waited for two witnesses for {stands.waiting_seconds:.0f} s: {held}"
    # Well, it is needed: should the disk hang, the check that finds no end says just that.
    return Finding(not reason, reason, needed=not reason, facts=facts)


def _registry(kept: KeptRegistry, now: datetime) -> Finding:
    """What was good stays in force; without a word on it grants rest, and all else goes on."""
    reason = kept.why_not(now)
    return Finding(reason is None, reason or "", needed=kept.value.number == 0, facts=kept.facts(now))


def _granted(kept: KeptGrants, now: datetime) -> Finding:
    """What was read last and was good stays in force, so a file that went bad only worsens the node."""
    reason = kept.why_not(now)
    return Finding(reason is None, reason or "", needed=kept.number == 0, facts=kept.facts())


def _records(stands: Stands) -> Finding:
    if isinstance(stands.records, SourceAway):
        return Finding(False, "it does not answer")
    if stands.records is not None:
        raise stands.records
    reasons = "; ".join(f"{dataset} is stale: {reason}" for dataset, reason in stands.stale.items())
    facts = {"stale": dict(stands.stale)}
    return Finding(not reasons, reasons, needed=len(stands.stale) == len(stands.datasets), facts=facts)


def _capture(stands: Stands) -> Finding:
    if stands.capture is not None and not isinstance(stands.capture, DatabaseRefuses):
        raise stands.capture
    missing = stands.status.missing if stands.status is not None else stands.datasets
    if missing:
        reason = f"not in place for {', '.join(missing)}: see `langqiao department attach`"
        # A dataset whose table does not fit answers nobody, whether it is captured or not.
        return Finding(False, reason, needed=not set(missing) <= stands.stale.keys())
    return Finding(True)


def _outbox(stands: Stands) -> Finding:
    if isinstance(stands.capture, DatabaseRefuses):
        return Finding(False, "there is none yet", needed=False)
    if stands.status is None:
        raise stands.capture or SourceAway
    status = stands.status
    facts = {
        "unsent": status.unsent,
        "oldest_unsent_seconds": round(status.oldest_unsent_seconds, 3),
        "parked": status.parked,
        "settling": status.settling,
        "held": status.held,
        "to_be_read_again": status.dirty,
        "oldest_mark_seconds": round(status.oldest_mark_seconds, 3),
        "epoch": status.epoch,
        "snapshots": status.snapshots,
        "reconciled": {dataset: asdict(found) for dataset, found in status.reconciled.items()},
        "relay_trouble": status.relay.trouble if status.relay else None,
        "relay_worry": status.relay.worry if status.relay else None,
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
    if status.oldest_mark_seconds > _LATE_SECONDS:
        return f"a record has waited to be read again for {status.oldest_mark_seconds:.0f} s"
    if status.parked:
        return f"{status.parked} changes cannot be published: see `langqiao outbox parked`"
    if status.held:
        return f"{status.held} deletes wait for a person: see `langqiao outbox held`"
    differing = [dataset for dataset, found in status.reconciled.items() if found.differing]
    if differing:
        return f"table and topics differ in {', '.join(differing)}: see `langqiao reconcile`"
    if status.relay is not None and status.relay.age_seconds > _LATE_SECONDS:
        return f"the relay has been silent for {status.relay.age_seconds:.0f} s"
    if status.relay is not None and status.relay.worry:
        return f"the relay's way to the broker: {status.relay.worry}"
    return ""
