"""The department alters its table of tools under the running service, and mends it after a while; brought about by
`troubles`, on PostgreSQL: on SQLite a column goes only with our triggers."""

import secrets
from collections.abc import Awaitable, Callable

from tests.crash import ledger
from tests.crash.hand import TOOL
from tests.crash.scenario import Trouble
from tests.stores import open_program

Deed = Callable[[str], Awaitable[None]]


async def drop(url: str) -> None:
    """Its own old programs fail then; one that does not need the column goes on."""
    await _say(url, "ALTER TABLE ws_tool DROP COLUMN nm", "UPDATE ws_tool SET price = -price")


async def add(url: str) -> None:
    """It is empty, which no trigger has seen."""
    await _say(url, "ALTER TABLE ws_tool ADD COLUMN nm text", noted=True)


async def retype(url: str) -> None:
    """Such that all programs go on."""
    await _say(url, "ALTER TABLE ws_tool ALTER COLUMN price TYPE double precision")


async def type_back(url: str) -> None:
    await _say(url, "ALTER TABLE ws_tool ALTER COLUMN price TYPE numeric(12,2)")


#: How each of the troubles begins and ends; either may have to be tried again where a program is in the way.
OF: dict[Trouble, tuple[Deed, Deed]] = {
    Trouble.COLUMN_DROPPED: (drop, add),
    Trouble.COLUMN_RETYPED: (retype, type_back),
}


async def _say(url: str, *statements: str, noted: bool = False) -> None:
    """In one transaction; `noted`, the ledger has how all records stand after it."""
    program = await open_program(url)
    try:
        for statement in ("BEGIN", "SET LOCAL lock_timeout = '300ms'", *statements):
            await program.execute(statement)
        if noted:
            await ledger.note_all(program, TOOL, f"{ledger.ALTERED}{secrets.token_hex(4)}")
        await program.execute("COMMIT")
    finally:
        await program.close()
