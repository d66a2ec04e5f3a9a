"""A department's old program, in the story: a script of its own that imports nothing of Langqiao.

Run as: python foreign_program.py DATABASE_URL CREDIT_CODE ADDRESS. Changes the address in the regulator's own table
by SQL and prints the time of the commit, in nanoseconds since 1970.
"""

import asyncio
import sqlite3
import sys
import time

_CHANGE = "UPDATE dw_zj_scjdgl_scztxx SET addr = {0} WHERE upper(uni_social_crd_cd) = {1}"


def change_sqlite(path: str, code: str, address: str) -> None:
    connection = sqlite3.connect(path, timeout=10)
    with connection:
        connection.execute(_CHANGE.format("?", "?"), (address, code))
    connection.close()


async def change_postgresql(url: str, code: str, address: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute(_CHANGE.format("$1", "$2"), address, code)
    await connection.close()


def main(url: str, code: str, address: str) -> None:
    if url.startswith("sqlite:///"):
        change_sqlite(url.removeprefix("sqlite:///"), code, address)
    else:
        asyncio.run(change_postgresql(url, code, address))
    print(time.time_ns())


if __name__ == "__main__":
    main(*sys.argv[1:])
