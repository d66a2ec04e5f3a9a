"""A department's own database, made and filled with synthetic records; called by `world` before any service starts."""

import asyncio
import sqlite3

import asyncpg

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_kind
from services.departments import load
from services.engine.source.sql.ddl import create_tables, insert_rows
from services.engine.synthetic.population import Size

#: What a database can answer with where the tables exist already, or where it is not there.
SEED_FAULTS = (sqlite3.Error, asyncpg.PostgresError, OSError)


def seed(kind: str, database_url: str, size: Size | None) -> int:
    """Create the department's tables in an empty database and fill them; the number of rows, the same every time.
    Without a size they stay empty, for a department that has no program of its own and begins."""
    mappings = load(kind, "mapping").mappings(Catalogue(load_kind(kind)))
    rows = load(kind, "seed").rows(size) if size is not None else ()

    async def make() -> int:
        await create_tables(database_url, mappings)
        return await insert_rows(database_url, mappings, rows)

    return asyncio.run(make())
