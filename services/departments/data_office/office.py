"""The running data office: its desks, its two clocks, and its look at what falls due by itself; opened by `app`."""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.law.calendar import BadCalendar, WorkingDays
from schemas.trust.keys import BadKey
from schemas.trust.statements import Checkpoint, system_of
from schemas.wire.problem import Problem
from services.departments.data_office.alarms import Alarms
from services.departments.data_office.asking import Asking
from services.departments.data_office.books import Books
from services.departments.data_office.clocks import Clocks
from services.departments.data_office.correction_desk import CorrectionDesk
from services.departments.data_office.deadlines import Deadlines
from services.departments.data_office.desk import Desk
from services.departments.data_office.entry_desk import EntryDesk
from services.departments.data_office.filers import AtTheDepartment, Filers
from services.departments.data_office.granting import Granting
from services.departments.data_office.logs import AtTheNodes, Logs
from services.departments.data_office.proofs import AtTheBridge, Digests, Proofs
from services.departments.data_office.receiving import Receiving
from services.departments.data_office.request_desk import RequestDesk
from services.engine.beside import beside
from services.engine.node import BadDepartment, Node, read_pseudonym_keys
from services.engine.own_key import OwnKey, open_key
from services.engine.relay.security import secured
from services.engine.settings import Settings
from services.engine.tls import open_tls

if TYPE_CHECKING:
    from fastapi import FastAPI

#: How often it is looked at what falls due; a legal day is the finest that the law knows, and a demo moves days.
_LOOK_SECONDS = 5.0
#: The environment in which civil time can be moved.
_DEMO = "demo"
_log = logging.getLogger("langqiao.engine")


@dataclass(frozen=True, slots=True)
class Office:
    """What the office's addresses ask. All desks share one `Desk`, so steps are taken one at a time. `secret` makes
    digests of what calls say."""

    clocks: Clocks
    requests: RequestDesk
    corrections: CorrectionDesk
    entries: EntryDesk
    granting: Granting
    deadlines: Deadlines
    alarms: Alarms
    receiving: Receiving
    secret: bytes = field(repr=False)

    async def move(self, ahead: timedelta) -> None:
        """Put civil time ahead, and take what falls due by then. Problem bad-value where it would go back."""
        if ahead < self.clocks.ahead:
            raise Problem("bad-value", "Civil time goes ahead alone.")
        self.clocks.ahead = ahead
        await self.look()

    async def look(self) -> None:
        """Take every step that falls due by itself, and count what is overdue and due soon."""
        await self.requests.go_on()
        await self.corrections.go_on()
        await self.entries.go_on()
        await self.alarms.look()


def make_office(node: Node, contracts: Catalogue, calendar: WorkingDays, asking: Asking | None) -> Office:
    """The office over a running node, whose records it keeps; it reaches departments by `asking`. BadDepartment."""
    settings = node.settings
    clocks = Clocks(node.clock, settings.environment == _DEMO)
    books, member = Books(node.source, node.catalogue), settings.department
    desk, deadlines = Desk(books, clocks), Deadlines(books, clocks, calendar, member)
    requests = RequestDesk(desk, contracts, calendar, member)
    proofs, filers, logs = (None, None, None) if asking is None else _looking(node, asking)
    corrections = CorrectionDesk(desk, contracts, calendar, member, proofs, filers)
    entries = EntryDesk(desk, contracts, calendar, member)
    key = _key(settings, node.clock)
    granting = Granting(requests, corrections, None if key is None else key.now)
    alarms = Alarms(deadlines)
    receiving = Receiving(corrections, logs)
    secret = _secret(settings)
    return Office(clocks, requests, corrections, entries, granting, deadlines, alarms, receiving, secret)


@asynccontextmanager
async def keeping(app: "FastAPI", node: Node) -> AsyncIterator[None]:
    """The office is open within the block, and looks at what falls due. BadDepartment, ContractFault."""
    settings = node.settings
    contracts = Catalogue(load_all(settings.contracts_dir))
    calendar = read_calendar(settings.calendars_folder)
    app.state.office = office = make_office(node, contracts, calendar, _asking(node))
    async with beside(_look(office)), beside(office.receiving.run()), beside(office.granting.briefs.run()):
        yield


def read_calendar(folder: Path | None) -> WorkingDays:
    """The known working days, with those of the official calendars `<year>.json` in a folder; BadDepartment."""
    days = WorkingDays()
    for path in sorted(folder.glob("*.json")) if folder is not None else ():
        try:
            days = days.with_year(int(path.stem), orjson.loads(path.read_bytes()))
        except (BadCalendar, ValueError, AttributeError) as fault:
            raise BadDepartment(f"{path.name}: {fault}") from None
    return days


def _key(settings: Settings, clock: Callable[[], datetime]) -> OwnKey | None:
    path = settings.grants_key_file
    try:
        return None if path is None else open_key(path, clock)
    except BadKey as fault:
        raise BadDepartment(f"{path.name if path else ''}: {fault}") from None


def _secret(settings: Settings) -> bytes:
    # By the first key of all, for what is kept by it is compared with what comes after another has followed.
    first = read_pseudonym_keys(settings.pseudonym_key_file).keys[-1]
    return hmac.digest(first.secret, b"values said to be wrong", "sha256")


def _asking(node: Node) -> Asking | None:
    """How departments' nodes are asked; None where none is known, or there is no key to ask with."""
    settings, own = node.settings, node.log.own
    if not settings.node_urls or own is None:
        return None
    return Asking(
        settings.node_urls,
        settings.department,
        system_of(settings.node_id),
        own.now,
        lambda: node.gate.registry.value,
        node.clock,
        open_tls(settings.tls).client,
    )


def _looking(node: Node, asking: Asking) -> tuple[Proofs, Filers, Logs]:
    """How the office sees for itself what departments have and did."""
    return _proofs(node, asking), AtTheDepartment(asking), _logs(node, asking)


def _proofs(node: Node, asking: Asking) -> Proofs:
    """How it is seen that a record was corrected."""
    settings = node.settings
    broker = secured(settings.broker_ca_file, settings.broker_certificate_file, settings.broker_key_file)
    digests = Digests(_secret(settings))
    return AtTheBridge(asking, digests, settings.environment, settings.bootstrap_servers, broker)


def _logs(node: Node, asking: Asking) -> Logs:
    """How it is seen who received what was wrong, by the checkpoints that this node holds as a witness."""

    def held(of: str) -> list[Checkpoint]:
        return node.witness.held(of) if node.witness is not None else []

    return AtTheNodes(asking, held, node.clock)


async def _look(office: Office) -> None:
    while True:
        try:
            await office.look()
        except Exception as fault:
            # The type alone: a driver's text may hold an address or a value. It is tried again at the next look.
            _log.error("what falls due could not be looked at: %s", type(fault).__name__)
        await asyncio.sleep(_LOOK_SECONDS)
