"""A department's old program, in the story: a script of its own that imports nothing of Langqiao.

Run as: python foreign_program.py DATABASE_URL CREDIT_CODE ADDRESS. Changes the address in the regulator's own table
by SQL and prints the time of the commit, in nanoseconds since 1970.
"""

import asyncio
import sqlite3
import sys
import time

_CHANGE = "UPDATE dw_zj_scjdgl_scztxx SET addr = {0} WHERE upper(uni_social_crd_cd) = {1}"


def change_sqlite(path: str, code: str, address: str) -> int:
    """When it was committed, in nanoseconds; so below."""
    connection = sqlite3.connect(path, timeout=10)
    with connection:
        connection.execute(_CHANGE.format("?", "?"), (address, code))
    committed = time.time_ns()
    connection.close()
    return committed


async def change_postgresql(url: str, code: str, address: str) -> int:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute(_CHANGE.format("$1", "$2"), address, code)
    committed = time.time_ns()
    await connection.close()
    return committed


def main(url: str, code: str, address: str) -> None:
    if url.startswith("sqlite:///"):
        committed = change_sqlite(url.removeprefix("sqlite:///"), code, address)
    else:
        committed = asyncio.run(change_postgresql(url, code, address))
    print(committed)


if __name__ == "__main__":
    main(*sys.argv[1:])
