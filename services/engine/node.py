"""A department as its folder describes it, and the running node made of it; used by every entry point."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.document import read
from schemas.contracts.load import files, load
from schemas.contracts.model import Contract
from schemas.trust.keys import BadKey
from schemas.wire.problem import Problem
from services.engine.access.gate import Gate, open_gate
from services.engine.api.checks import node_checks
from services.engine.api.cost import Cost
from services.engine.api.health import Health
from services.engine.api.paging import CursorSeal
from services.engine.api.standing import Standing
from services.engine.attaching import capturing
from services.engine.capture.captured import captures
from services.engine.capture.database import Database
from services.engine.checkpointing import checkpointing, telling_on_topic
from services.engine.ends_kept import ends_kept
from services.engine.granting import grants_fetched
from services.engine.keys_followed import keys_followed
from services.engine.log.access_log import AccessLog, open_log
from services.engine.log.keys import LogKeys
from services.engine.log.standing import log_stands
from services.engine.log.witnessing import FOLDER, Witness
from services.engine.mapping.model import Mapping
from services.engine.office import office_reached
from services.engine.own_key import OwnKey, open_key
from services.engine.pseudonym_keys import BadKeys, PseudonymKeys, open_keys
from services.engine.relay.registry_topic import registry_followed
from services.engine.representation import Representation
from services.engine.settings import Settings
from services.engine.source.port import RecordSource
from services.engine.source.sql.opening import open_source
from services.engine.telling import uses_told
from services.engine.tls import Tls

if TYPE_CHECKING:
    from fastapi import FastAPI
    from prometheus_client.core import Metric

    from services.engine.api.plane import DataPlane

_LEAST_SECRET_BYTES = 32


@asynccontextmanager
async def _nothing(app: "FastAPI", node: "Node") -> AsyncIterator[None]:
    yield


def _no_metrics(app: "FastAPI") -> tuple["Metric", ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Department:
    """What a department's folder says: its kind, and how its own tables show its contracts.

    `mappings` is a pure function; it gives one mapping for each contract of the kind, all majors included. A department
    with `routes` of its own (called with the app and its data plane) writes its records there alone, by its own rules;
    `beside` is open while the service runs. `represents` says by which records it knows who represents an enterprise.
    `metrics` are its own part of /metrics.
    """

    kind: str
    mappings: Callable[[Catalogue], tuple[Mapping, ...]]
    routes: "Callable[[FastAPI, DataPlane], None] | None" = None
    beside: "Callable[[FastAPI, Node], AbstractAsyncContextManager[None]]" = _nothing
    represents: Representation | None = None
    metrics: "Callable[[FastAPI], Iterable[Metric]]" = _no_metrics


@dataclass(frozen=True, slots=True)
class Offered:
    """A department with its contracts read: everything known before a database is opened. `by_steps`: its records are
    written by the department's own rules alone, and not at their addresses."""

    kind: str
    contracts: tuple[Contract, ...]
    documents: tuple[dict[str, Any], ...]
    catalogue: Catalogue
    mappings: tuple[Mapping, ...]
    by_steps: bool = False
    represents: Representation | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One running department service, as its calls see it."""

    settings: Settings
    offered: Offered
    catalogue: Catalogue
    documents: tuple[dict[str, Any], ...]
    source: RecordSource
    gate: Gate
    cost: Cost
    seal: CursorSeal
    log: AccessLog
    witness: Witness | None
    health: Health
    standing: Standing
    clock: Callable[[], datetime]


@asynccontextmanager
async def open_node(
    offered: Offered, settings: Settings, own: OwnKey | None, tls: Tls, clock: Callable[[], datetime]
) -> AsyncIterator[Node]:
    """The node with its database open and capture in place, or on its way; closed with the block."""
    keys = read_pseudonym_keys(settings.pseudonym_key_file)
    async with (
        open_log(settings, _log_keys(settings, keys), own, clock) as log,
        capturing(offered.mappings, settings) as database,
        keys_followed(database, keys),
        open_source(offered.mappings, settings, keys) as source,
        AsyncExitStack() as stack,
    ):
        gate = await open_gate(settings, log, tls.client, clock)
        await stack.enter_async_context(_told(gate, settings, own, tls, database, log.folder))
        publish = telling_on_topic(database, offered.catalogue, lambda: gate.over)
        witness = _witness(log, settings)
        beside = checkpointing(log, settings, lambda: gate.registry.value, publish, tls.client)
        checkpoints = await stack.enter_async_context(beside)
        standing = Standing(
            source,
            database,
            captures(offered.mappings),
            settings.check_seconds,
            lambda: log_stands(log, checkpoints, witness),
            lambda: gate.grants.left_out,
        )
        yield Node(
            settings=settings,
            offered=offered,
            catalogue=offered.catalogue,
            documents=offered.documents,
            source=source,
            gate=gate,
            cost=Cost(source, settings, clock),
            seal=CursorSeal(_cursor_key(settings), settings.cursor_seconds),
            log=log,
            witness=witness,
            health=_health(settings, standing, gate, tls, log),
            standing=standing,
            clock=clock,
        )


@asynccontextmanager
async def _told(
    gate: Gate, settings: Settings, own: OwnKey | None, tls: Tls, database: Database, log: Path
) -> AsyncIterator[None]:
    """Within the block registry and grants are taken in as they come, the relay is told of what retires, and the office
    of who uses it."""
    key = None if own is None else own.now
    async with (
        office_reached(settings, key, tls.client, gate.clock) as office,
        registry_followed(settings, gate.registry.take),
        grants_fetched(office, gate.grants),
        ends_kept(database, lambda: gate.grants.value),
        uses_told(office, lambda: gate.retiring, log),
    ):
        yield


class BadDepartment(Exception):
    """The department's folder, contracts and settings do not fit together; says how."""


def read_contracts(department: Department, settings: Settings) -> Offered:
    """The department with its contracts; raises ContractFault or BadDepartment."""
    if settings.kind != department.kind:
        raise BadDepartment(f"the settings are for {settings.kind}, the department is {department.kind}")
    root = settings.contracts_dir
    read_from = [read(path) for path in files(department.kind, root)]
    contracts = tuple(load(one) for one in read_from)
    catalogue = Catalogue(contracts)
    try:
        mappings = department.mappings(catalogue)
    except Problem as fault:
        raise BadDepartment(f"a mapping has no contract: {fault.detail}") from None
    except ValueError as fault:
        raise BadDepartment(str(fault)) from None
    _same(contracts, mappings)
    documents = tuple(dict(one.content) for one in read_from)
    by_steps = department.routes is not None
    return Offered(
        department.kind, contracts, documents, catalogue, mappings, by_steps, department.represents
    )


def read_secret(path: Path) -> bytes:
    """A secret from its file; BadDepartment when it is too short to be one."""
    secret = path.read_bytes()
    if len(secret) < _LEAST_SECRET_BYTES:
        raise BadDepartment(f"{path.name} holds fewer than {_LEAST_SECRET_BYTES} bytes")
    return secret


def read_pseudonym_keys(path: Path) -> PseudonymKeys:
    """The pseudonym keys in a file; BadDepartment when it holds none."""
    try:
        return open_keys(path)
    except BadKeys as fault:
        raise BadDepartment(f"{path.name}: {fault}") from None


def read_node_key(settings: Settings, clock: Callable[[], datetime]) -> OwnKey | None:
    """The key that signs receipts and checkpoints, where there is one; BadDepartment when its file holds none."""
    path = settings.node_key_file
    if path is None and settings.grants_from is not None:
        raise BadDepartment("grants_from needs node_key_file: grants are told to the department's own node")
    try:
        return None if path is None else open_key(path, clock)
    except BadKey as fault:
        raise BadDepartment(f"{path.name if path else ''}: {fault}") from None


def _witness(log: AccessLog, settings: Settings) -> Witness | None:
    if log.own is None:
        return None
    return Witness(log.folder / FOLDER, settings.node_id, log.own.now, log.clock)


def _health(settings: Settings, standing: Standing, gate: Gate, tls: Tls, log: AccessLog) -> Health:
    late_seconds = 5.0 * settings.log_checkpoint_seconds
    return Health(settings.node_id, node_checks(standing, gate, tls, log.appender, late_seconds))


def _log_keys(settings: Settings, keys: PseudonymKeys) -> LogKeys:
    if settings.log_key_file is None:
        return LogKeys(keys, derived=True)
    return LogKeys(read_pseudonym_keys(settings.log_key_file), derived=False)


def _cursor_key(settings: Settings) -> bytes:
    if settings.cursor_key_file is None:
        return secrets.token_bytes(_LEAST_SECRET_BYTES)
    return read_secret(settings.cursor_key_file)


def _same(contracts: tuple[Contract, ...], mappings: tuple[Mapping, ...]) -> None:
    promised = {(one.dataset, one.major) for one in contracts}
    mapped = {(one.contract.dataset, one.contract.major) for one in mappings}
    if not promised:
        raise BadDepartment("the department has no contracts")
    for dataset, major in sorted(promised ^ mapped):
        raise BadDepartment(f"{dataset} v{major} has a contract or a mapping, but not both")
