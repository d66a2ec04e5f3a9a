"""A department's own database: made and filled with synthetic records, as `world` has it before any service starts, or
brought to the tables that its mappings describe; called by `langqiao department seed` too."""

import asyncio
import sqlite3
from collections.abc import Sequence

import asyncpg

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_kind
from services.departments import load
from services.engine.mapping.model import Mapping
from services.engine.source.sql.completing import CannotComplete
from services.engine.source.sql.ddl import complete_tables, create_tables, insert_rows
from services.engine.synthetic.population import Size

#: What a database can answer with where the tables exist already, or where it is not there.
SEED_FAULTS = (CannotComplete, sqlite3.Error, asyncpg.PostgresError, OSError)


def complete(kind: str, database_url: str) -> list[str]:
    """Make the department's tables that are missing, and add the columns that others lack; what was done, each as a
    sentence. For a department that has no program of its own, which begins, or goes on by newer contracts."""
    return asyncio.run(complete_tables(database_url, _mappings(kind)))


def seed(kind: str, database_url: str, size: Size) -> int:
    """Create the department's tables in an empty database and fill them; the number of rows, the same every time."""
    mappings, rows = _mappings(kind), load(kind, "seed").rows(size)

    async def make() -> int:
        await create_tables(database_url, mappings)
        return await insert_rows(database_url, mappings, rows)

    return asyncio.run(make())


def _mappings(kind: str) -> Sequence[Mapping]:
    found: Sequence[Mapping] = load(kind, "mapping").mappings(Catalogue(load_kind(kind)))
    return found
