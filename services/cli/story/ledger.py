"""Reads of the departments' own tables by plain SQL, beside everything of ours; the story's witness."""

import asyncio
import sqlite3

import asyncpg


def count_rows(database_url: str, table: str, column: str, code: str) -> int:
    """How many rows of a table bear a credit code, in whatever case it is stored."""
    return int(_value(database_url, f"SELECT count(*) FROM {table} WHERE upper({column}) = ", code.upper()))


def _value(database_url: str, statement: str, parameter: str) -> int:
    if database_url.startswith("sqlite:///"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        try:
            return int(connection.execute(statement + "?", (parameter,)).fetchone()[0])
        finally:
            connection.close()
    return asyncio.run(_postgresql_value(database_url, statement + "$1", parameter))


async def _postgresql_value(database_url: str, statement: str, parameter: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval(statement, parameter))
    finally:
        await connection.close()
