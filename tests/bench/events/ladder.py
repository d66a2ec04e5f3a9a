"""Where the time of capture goes: the same inserts under triggers that do more and more of what ours does, round by
round on one database; called by `run`."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from statistics import median

from services.engine.capture import noting, postgresql
from services.engine.capture.attach import attach
from services.engine.capture.captured import captures
from services.engine.capture.database import open_database
from services.engine.capture.keys import key_expression
from services.engine.capture.tables import CREATED, POSTGRESQL, SCHEMA
from tests.bench.events.ground import MAPPINGS, TABLE, Ground
from tests.bench.events.measures import Inserts, inserts

Progress = Callable[[str], None]

_BARE = "public.bench_bare"
_CAPTURED = captures(MAPPINGS)[0]
_OURS = postgresql._function(_CAPTURED)


@dataclass(frozen=True)
class _Rung:
    """What is put in place: a trigger with this body, or capture as it is; nothing where both are left out.

    `pinned`: the body runs with the settings and rights of ours. `beside_ours`: in the place of our function, so that
    our tables are there.
    """

    name: str
    body: str = ""
    pinned: bool = False
    beside_ours: bool = False


_PLAIN = f"INSERT INTO {_BARE} (raw_key, new) SELECT n.no, to_jsonb(n)::text FROM {noting.NEWS} n;"
_KEY = key_expression(_CAPTURED.key_columns, "n", POSTGRESQL)
_BOTH = f"""
    INSERT INTO {SCHEMA}.record (dataset, raw_key, epoch, version, deleted)
    SELECT '{_CAPTURED.dataset}', {_KEY}, 1, 1, false FROM {noting.NEWS} n;
    INSERT INTO {SCHEMA}.outbox (dataset, raw_key, epoch, version, op, new, at, tx)
    SELECT '{_CAPTURED.dataset}', {_KEY}, 1, 1, '{CREATED}', {noting.stands(_CAPTURED, "n")}::text, {noting.NOW},
        pg_current_xact_id()::text::bigint FROM {noting.NEWS} n;"""

NONE, OURS = "no trigger", "all that ours does (at rest)"
RUNGS = (
    _Rung(NONE),
    _Rung("an empty trigger, for each statement as ours is", " "),
    _Rung("the same, with settings and rights pinned as ours has them", " ", pinned=True),
    _Rung("and one plain insert of key and row as JSON, into a bare table", _PLAIN, pinned=True),
    _Rung(
        "instead our two rows in our two tables, with nothing looked up", _BOTH, pinned=True, beside_ours=True
    ),
    _Rung(OURS, beside_ours=True),
)


async def climb(ground: Ground, rows: int, seconds: float, rounds: int, progress: Progress) -> list[Inserts]:
    """Every rung in turn, and all of them again; the medians of each over the rounds."""
    found: dict[str, list[Inserts]] = {one.name: [] for one in RUNGS}
    for number in range(rounds):
        for rung in RUNGS:
            progress(f"inserts, round {number + 1}: {rung.name}")
            await _put_in_place(ground, rung, rows)
            found[rung.name].append(await inserts(ground, rung.name, seconds))
    return [_middle(some) for some in found.values()]


async def _put_in_place(ground: Ground, rung: _Rung, rows: int) -> None:
    """On a table filled anew, so that no rung finds what another one left."""
    await ground.fill(rows)
    if rung.beside_ours:
        database = open_database(ground.url)
        await attach(database, MAPPINGS, outbox_limit=1_000_000)
        await database.close()
    function = _OURS if rung.beside_ours else "public.bench_rung"
    async with ground.connected() as connection:
        await connection.execute(
            f"DROP TABLE IF EXISTS {_BARE}; CREATE TABLE {_BARE} (raw_key text, new text)"
        )
        if not rung.body:
            return
        pinned = noting._PINNED if rung.pinned else ""
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {pinned} AS $bench$"
            f" BEGIN {rung.body} RETURN NULL; END $bench$"
        )
        if not rung.beside_ours:
            await connection.execute(
                f"CREATE TRIGGER bench AFTER INSERT ON {TABLE} REFERENCING NEW TABLE AS {noting.NEWS}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )


def _middle(some: list[Inserts]) -> Inserts:
    """Each figure by itself."""
    figures = [one.name for one in fields(Inserts) if one.name != "capture"]
    return replace(some[0], **{name: median(getattr(one, name) for one in some) for name in figures})
