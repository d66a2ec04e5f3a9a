"""Capture put in place, or taken away, by a person rather than by the service; used by `langqiao department attach`."""

import asyncio

from schemas.contracts.document import ContractFault
from services.cli.at_database import opened
from services.engine.capture import attach
from services.engine.capture.database import DatabaseAway, DatabaseRefuses
from services.engine.node import BadDepartment, Department, read_contracts
from services.engine.settings import Settings

#: What can stop either; the text of each is a sentence for the administrator.
CAPTURE_FAULTS = (ContractFault, BadDepartment, attach.CannotAttach, DatabaseAway, DatabaseRefuses)


def put_in_place(department: Department, settings: Settings) -> None:
    """The engine's tables, the triggers, and a record row for every row; raises one of CAPTURE_FAULTS."""
    mappings = read_contracts(department, settings).mappings

    async def work() -> None:
        async with opened(settings) as database:
            await attach.attach(database, mappings, outbox_limit=settings.outbox_limit)
            await attach.forget_others(database, mappings)

    asyncio.run(work())


def take_away(department: Department, settings: Settings) -> None:
    """The triggers and their functions alone; raises one of CAPTURE_FAULTS."""
    mappings = read_contracts(department, settings).mappings

    async def work() -> None:
        async with opened(settings) as database:
            await attach.detach(database, mappings)

    asyncio.run(work())
