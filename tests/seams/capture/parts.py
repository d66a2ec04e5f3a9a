"""A table of parts on PostgreSQL, and whether what was captured of it leads to how it stands; used by the tests of
statements and of tables."""

from collections.abc import Sequence

from services.engine.capture.attach import attach
from services.engine.capture.keys import stored_key
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Text
from services.engine.mapping.model import Mapping
from tests.stores import Store
from tests.workshop import contract, item

DATASET = "workshop.parts"
TABLE = (
    "CREATE TABLE part (no integer PRIMARY KEY {late}, nm text, big integer {parent}, other integer {parent});"
    " INSERT INTO part SELECT n, 'old' FROM generate_series(1, 6) n"
)


def parts(dataset: str = DATASET, name: str = "part", columns: Sequence[str] = ("no", "nm")) -> Mapping:
    made = contract(dataset, 1, tuple(item(one) for one in columns), ("no",))
    shown = table(name, key="no", text=" ".join(columns))
    return mapping(made, shown, {one: (one, Text()) for one in columns})


async def captured(store: Store, *statements: str, limit: int = 10_000) -> Store:
    """The table of parts 1 to 6, made by the statements, or plainly."""
    for statement in statements or (TABLE.format(late="", parent=""),):
        await store.program.execute(statement)
    await attach(store.database, [parts(columns=await _columns(store, "part"))], outbox_limit=limit)
    return store


async def told(store: Store) -> list[tuple[int, str]]:
    """Key and op of every outbox row, in order."""
    rows = await store.program.rows("SELECT raw_key, op FROM langqiao.outbox ORDER BY id")
    return [(stored_key(raw)[0], op) for raw, op in rows]


async def marks(store: Store) -> list[str]:
    return [raw for (raw,) in await store.program.rows("SELECT raw_key FROM langqiao.dirty ORDER BY 1")]


async def amiss(store: Store, stood: dict[str, str], name: str = "part") -> list[str]:
    """Keys of which what was captured, on top of what stood at first, does not lead to the table, or goes back."""
    folded, versions, wrong = dict(stood), dict.fromkeys(stood, 1), []
    changes = "SELECT raw_key, version, op, new FROM langqiao.outbox ORDER BY id"
    for key, version, op, new in await store.program.rows(changes):
        if version <= versions.get(key, 0):
            wrong.append(key)
        versions[key] = version
        folded[key] = new
        if op == "d":
            assert new is None
            del folded[key]
    now = await standing(store, name)
    return wrong + [key for key in folded.keys() | now.keys() if folded.get(key) != now.get(key)]


async def standing(store: Store, name: str = "part") -> dict[str, str]:
    columns = ", ".join(f"p.{one}" for one in await _columns(store, name))
    shown = f"(SELECT to_jsonb(s.*) FROM (SELECT {columns}) s)::text"
    rows = await store.program.rows(f"SELECT jsonb_build_array(p.no)::text, {shown} FROM {name} p")
    return dict(rows)  # type: ignore[arg-type]


async def _columns(store: Store, name: str) -> list[str]:
    """Those of the table of parts that this one has."""
    found = await store.program.rows(
        f"SELECT attname::text FROM pg_attribute WHERE attrelid = '{name}'::regclass AND NOT attisdropped"
    )
    return [one for one in ("no", "nm", "big", "other") if (one,) in map(tuple, found)]
