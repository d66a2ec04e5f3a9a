"""A full disk, for a while: brought about by `troubles`, met by writers and relays in the database's own way.

On SQLite no connection may let the file grow, so that whatever needs room fails whole. On PostgreSQL our own tables can
take nothing, as in a tablespace of ours that is full: the writers go on, and what was not captured is marked.
"""

from pathlib import Path

from services.engine.capture.tables import SCHEMA
from tests.crash.scenario import SQLITE
from tests.stores import open_program

#: SQLite takes the file's size of now where it is told less, and this much where there is room.
_NO_PAGE, _AMPLE_PAGES = 1, 1_000_000
#: What a server says where a table can no longer grow.
_FULL = (
    f"CREATE FUNCTION {SCHEMA}.full_disk() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
)
_TABLES = ("outbox", "record")


def pages(url: str) -> str:
    """What a connection to SQLite is to say before it begins anything."""
    return f"PRAGMA max_page_count = {_NO_PAGE if _sign(url).exists() else _AMPLE_PAGES}"


async def fill(url: str) -> None:
    """From now on the disk is full; may have to be tried again where a program is in the way."""
    if url.startswith(SQLITE):
        _sign(url).touch()
        return
    await _say(
        url,
        f"DROP FUNCTION IF EXISTS {SCHEMA}.full_disk() CASCADE",
        _FULL,
        *(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {SCHEMA}.{table}"
            f" FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.full_disk()"
            for table in _TABLES
        ),
    )


async def make_room(url: str) -> None:
    """From now on there is room; may have to be tried again."""
    if url.startswith(SQLITE):
        _sign(url).unlink(missing_ok=True)
        return
    await _say(url, f"DROP FUNCTION IF EXISTS {SCHEMA}.full_disk() CASCADE")


async def _say(url: str, *statements: str) -> None:
    """In one transaction."""
    program = await open_program(url)
    try:
        for statement in ("BEGIN", "SET LOCAL lock_timeout = '300ms'", *statements, "COMMIT"):
            await program.execute(statement)
    finally:
        await program.close()


def _sign(url: str) -> Path:
    """The file whose presence says so, beside the database's."""
    return Path(url.removeprefix("sqlite:///")).with_name("disk-is-full")
