"""The function behind PostgreSQL's triggers, as SQL text: what it does with the rows that a statement has changed; used
by `postgresql`.

A statement is noted at once, from the trigger's transition tables; where a table cannot be watched so, row by row, as
statements of one row. Old and new rows cannot be paired there, so what is noted is the net effect: a key that was there
and is there is an update, one that is there no more a delete.

What a trigger is shown need not be how the row stands by now: a trigger of the department may have changed it again,
the parts of a WITH call their triggers in an order of their own, two foreign keys change a row one after the other. So
a record that this transaction has touched before, and every record of a statement that moves keys or changes a row
twice, is told as the table has it. Each change of a record calls us, so the last call tells how it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.engine.capture.captured import Captured
from services.engine.capture.keys import key_expression, literal, quoted
from services.engine.capture.tables import (
    CREATED,
    DELETED,
    EPOCH,
    EVERY_KEY,
    OUTBOX_CEILING,
    POSTGRESQL,
    SCHEMA,
    UPDATED,
)

NOW = """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

#: What a trigger's transition tables are called.
OLDS, NEWS = "langqiao_olds", "langqiao_news"

#: Pinned, so that a writer's session settings change neither what we call nor what we keep.
_PINNED = (
    "SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET extra_float_digits = 1"
    " SET bytea_output = 'hex' SET intervalstyle = 'postgres'"
)

_DEEDS = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a trigger is shown, as queries: `olds` and `new_keys` of raw_key; `news` of raw_key and the row that stands,
    as jsonb, which fails where a column is gone. `table` gives the name of the dataset's table; `elsewhere` ends
    in the marks where it is another one that was changed."""

    olds: str
    new_keys: str
    news: str
    table: str
    elsewhere: str


def by_statement(captured: Captured, function: str) -> str:
    """The function for triggers with transition tables called OLDS and NEWS."""
    # Where a column is gone, this fails, and is caught.
    keys = (key_expression(captured.key_columns, row, POSTGRESQL) for row in ("o", "n"))
    olds, news = (f'{key} COLLATE "C" AS raw_key' for key in keys)
    shown = _Shown(
        f"SELECT {olds} FROM {OLDS} o",
        f"SELECT {news} FROM {NEWS} n",
        f"SELECT {news}, {stands(captured, 'n')} AS stands FROM {NEWS} n",
        "TG_RELID::regclass",
        # Renamed, a table keeps its triggers, while its name may be another's: each record is to be read again.
        f"IF TG_TABLE_NAME <> {literal(captured.table)} THEN RAISE EXCEPTION 'another table'; END IF;",
    )
    return _function(captured, function, shown)


def by_row(captured: Captured, function: str) -> str:
    """The function for triggers on each row: on a partition they are shown, while those on statements are not, what was
    written by the name of another table of the tree."""
    old, new = (_key_in(captured, f"to_jsonb({row})") for row in ("OLD", "NEW"))
    mine = f"tgfoid = {literal(function)}::regproc AND tgparentid = 0"
    shown = _Shown(
        f"SELECT {old} AS raw_key",
        f"SELECT {new} AS raw_key",
        f"SELECT {new} AS raw_key, {stands(captured, 'NEW')} AS stands",
        f"(SELECT tgrelid::regclass FROM pg_trigger WHERE {mine} LIMIT 1)",
        # The table's parts have names of their own.
        "",
    )
    return _function(captured, function, shown)


def stands(captured: Captured, row: str) -> str:
    """SQL text of a row as one JSON object, of what a contract maps and no other column: those may be large, and are
    none of our business. `row` is a name that stands for a row; a column may be called so too, hence `shown.*`."""
    columns = ", ".join(f"{row}.{quoted(column)}" for column in captured.columns)
    return f"(SELECT to_jsonb(shown.*) FROM (SELECT {columns}) shown)"


def _function(captured: Captured, function: str, shown: _Shown) -> str:
    dataset = literal(captured.dataset)
    stand = literal(_tell(dataset, _as_they_stand(captured)))
    return f"""
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {_PINNED} AS $capture$
DECLARE
    one record; told record; again text[]; ops text[];
BEGIN
    BEGIN
        {shown.elsewhere + _each_deed([_look(shown, deed) for deed in _DEEDS])}
        IF NOT FOUND THEN
            RETURN NULL;
        ELSIF one.many = 1 AND NOT one.moved THEN
            {_tell_one(dataset)}
        ELSIF {_room("one.many")} THEN
            {_each_deed([_tell(dataset, _changed(shown, deed), _plain(shown, deed)) for deed in _DEEDS])}
        ELSE
            {_each_deed([_mark_changed(dataset, _changed(shown, deed)) for deed in _DEEDS])}
        END IF;
        IF again IS NULL THEN
            RETURN NULL;
        ELSIF {_room("cardinality(again)")} THEN
            EXECUTE format({stand}, {shown.table}) USING again, ops;
        ELSE
            {_mark_changed(dataset, _again("again", "ops"))}
        END IF;
    EXCEPTION WHEN OTHERS THEN
        BEGIN
            {_each_deed([_mark(dataset, _keys(shown, deed)) for deed in _DEEDS])}
        EXCEPTION WHEN OTHERS THEN
            BEGIN
                {_mark(dataset, f"SELECT '{EVERY_KEY}' AS raw_key")}
            EXCEPTION WHEN OTHERS THEN
                RAISE WARNING 'langqiao: a change of % waits for reconciliation (%)', {dataset}, SQLSTATE;
            END;
        END;
    END;
    RETURN NULL;
END $capture$
"""


def _each_deed(done: Sequence[str]) -> str:
    """TRUNCATE shows no rows, so it ends in the mark on every record."""
    branches = (f"IF TG_OP = '{deed}' THEN {what}" for deed, what in zip(_DEEDS, done, strict=True))
    return f"{' ELS'.join(branches)} ELSE RAISE EXCEPTION 'every record is to be read again'; END IF;"


def _look(shown: _Shown, deed: str) -> str:
    """One row, whether its key moved, and how many there are."""
    op, rows, moved = {
        "INSERT": (CREATED, shown.news, "false"),
        "UPDATE": (UPDATED, shown.news, f"r.raw_key <> (SELECT raw_key FROM ({shown.olds} LIMIT 1) o)"),
        "DELETE": (DELETED, f"SELECT o.*, NULL::jsonb AS stands FROM ({shown.olds}) o", "false"),
    }[deed]
    return f"""
            SELECT r.raw_key, '{op}' AS op, r.stands, {moved} AS moved, (SELECT count(*) FROM ({rows}) n) AS many
            INTO one FROM ({rows}) r LIMIT 1;"""


def _room(rows: str) -> str:
    """Whether so many rows fit into the outbox. A statement goes there whole or leaves marks alone, so it grows beyond
    its ceiling by no more than what statements write that run at the same moment."""
    ceiling = f"SELECT value::bigint FROM {SCHEMA}.state WHERE name = '{OUTBOX_CEILING}'"
    return f"(SELECT {rows} <= coalesce(({ceiling}), 1000000) - s.last_value FROM {SCHEMA}.outbox_id_seq s)"


def _plain(shown: _Shown, deed: str) -> str:
    """Whether each of `changed` stands as it is shown there, as far as the statement can tell: an update that moves no
    key, and changes no row twice, has each key among its old rows and among its new ones."""
    if deed != "UPDATE":
        return "true"
    return (
        f"NOT EXISTS (SELECT 1 FROM changed WHERE op <> '{UPDATED}')"
        f" AND (SELECT count(*) FROM changed) = (SELECT count(*) FROM ({shown.news}) n)"
    )


def _changed(shown: _Shown, deed: str) -> str:
    """A query of raw_key, op and the row that stands, by key: in this order all statements lock the records, so that no
    two wait for each other."""
    if deed == "INSERT":
        return f"SELECT DISTINCT ON (raw_key) raw_key, '{CREATED}' AS op, stands FROM ({shown.news}) n ORDER BY raw_key"
    if deed == "DELETE":
        return (
            f"SELECT DISTINCT raw_key, '{DELETED}' AS op, NULL::jsonb AS stands FROM ({shown.olds}) o"
            " ORDER BY raw_key"
        )
    op = f"CASE WHEN n.stands IS NULL THEN '{DELETED}' WHEN o.was THEN '{UPDATED}' ELSE '{CREATED}' END"
    return (
        f"SELECT DISTINCT ON (raw_key) raw_key, {op} AS op, n.stands"
        f" FROM (SELECT DISTINCT raw_key, true AS was FROM ({shown.olds}) o) o"
        f" FULL JOIN ({shown.news}) n USING (raw_key) ORDER BY raw_key"
    )


def _as_they_stand(captured: Captured) -> str:
    """The same of those that are to be told so, as the table has them: text for `format`, with the table's name."""
    members = ", ".join(
        f"{literal(column)}, CAST(k.raw_key AS jsonb) -> {place}"
        for place, column in enumerate(captured.key_columns)
    )
    same = " AND ".join(f"t.{quoted(column)} = w.{quoted(column)}" for column in captured.key_columns)
    members, same = members.replace("%", "%%"), same.replace("%", "%%")
    op = f"CASE WHEN t.* IS NULL THEN '{DELETED}' WHEN k.op = '{DELETED}' THEN '{UPDATED}' ELSE k.op END"
    row = f"CASE WHEN t.* IS NULL THEN NULL ELSE {stands(captured, 't')} END".replace("%", "%%")
    return (
        f"SELECT DISTINCT ON (k.raw_key) k.raw_key, {op} AS op, {row} AS stands"
        f" FROM ({_again('$1', '$2')}) k"
        f" CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS %1$s), jsonb_build_object({members})) w"
        f" LEFT JOIN %1$s t ON {same} ORDER BY k.raw_key"
    )


def _again(keys: str, ops: str) -> str:
    return f'SELECT raw_key COLLATE "C" AS raw_key, op FROM unnest({keys}, {ops}) k(raw_key, op)'


def _tell(dataset: str, changed: str, plain: str | None = None) -> str:
    """Tell all; or, where it is said which are plain, those of them that this transaction has not touched before, and
    leave the others' keys and ops in `again` and `ops`."""
    # FULL, which no plan carries out by a loop within a loop: the plan is kept, and may have been made for few rows.
    left = "SELECT array_agg(raw_key), array_agg(op) FROM numbered WHERE version IS NULL"
    return f"""
            WITH changed AS MATERIALIZED ({changed}),
            counted AS ({_count(dataset, f"changed WHERE {plain or 'true'}", untouched=plain is not None)}),
            numbered AS MATERIALIZED (
                SELECT raw_key, op, stands, epoch, version FROM changed FULL JOIN counted USING (raw_key)
            ),
            told AS ({_put(dataset, "numbered WHERE version IS NOT NULL")})
            {left}{" INTO again, ops;" if plain else ""}"""


def _tell_one(dataset: str) -> str:
    """The same of one row, as most statements change: without the plan for many, in two thirds of its time."""
    row = "(SELECT one.raw_key, one.op, one.stands, told.epoch, told.version) r"
    return f"""
            {_count(dataset, "(SELECT one.raw_key, one.op) r", untouched=True)} INTO told;
            IF NOT FOUND THEN
                again := ARRAY[one.raw_key]; ops := ARRAY[one.op];
            ELSE
                {_put(dataset, f"{row} WHERE {_room('1')}")};
                IF NOT FOUND THEN
                    {_mark(dataset, "SELECT one.raw_key")}
                END IF;
            END IF;"""


def _count(dataset: str, changed: str, *, untouched: bool) -> str:
    """The records' next versions, all of a statement's before its outbox rows: here writers of one record wait for each
    other, so that the ids there, drawn after, are in the order of its changes."""
    epoch = f"SELECT value::integer FROM {SCHEMA}.state WHERE name = '{EPOCH}'"
    # A row of this transaction's own bears its id, or one of its parts', which are drawn after it.
    where = "WHERE age(r.xmin) > age(pg_current_xact_id()::xid)" if untouched else ""
    return f"""
            INSERT INTO {SCHEMA}.record AS r (dataset, raw_key, epoch, version, deleted)
            SELECT {dataset}, raw_key, coalesce(({epoch}), 1), 1, op = '{DELETED}' FROM {changed} ORDER BY raw_key
            ON CONFLICT (dataset, raw_key) DO UPDATE SET
                epoch = greatest(r.epoch, excluded.epoch), version = r.version + 1, deleted = excluded.deleted
            {where} RETURNING r.raw_key, r.epoch, r.version"""


def _put(dataset: str, numbered: str) -> str:
    """Deletes before creates."""
    return f"""
            INSERT INTO {SCHEMA}.outbox (dataset, raw_key, epoch, version, op, new, at, tx)
            SELECT {dataset}, raw_key, epoch, version, op, stands::text,
                (SELECT {NOW}), (SELECT pg_current_xact_id()::text::bigint)
            FROM {numbered} ORDER BY op <> '{DELETED}', raw_key"""


def _mark_changed(dataset: str, changed: str) -> str:
    """Marks in place of outbox rows; the records are at their next versions all the same."""
    return f"""
            WITH changed AS MATERIALIZED ({changed}), counted AS ({_count(dataset, "changed", untouched=False)})
            {_mark(dataset, "SELECT raw_key FROM counted")}"""


def _mark(dataset: str, keys: str) -> str:
    return f"""
            INSERT INTO {SCHEMA}.dirty (dataset, raw_key, at)
            SELECT {dataset}, raw_key, (SELECT {NOW}) FROM (SELECT DISTINCT raw_key FROM ({keys}) k) k ORDER BY raw_key
            ON CONFLICT (dataset, raw_key) DO UPDATE SET at = excluded.at;"""


def _keys(shown: _Shown, deed: str) -> str:
    """Of every record that the statement changed."""
    olds, news = f"SELECT raw_key FROM ({shown.olds}) o", f"SELECT raw_key FROM ({shown.new_keys}) n"
    return {"INSERT": news, "UPDATE": f"{olds} UNION ALL {news}", "DELETE": olds}[deed]


def _key_in(captured: Captured, row: str) -> str:
    """The raw key of a row as jsonb; null where a key column is gone."""
    names = ", ".join(literal(column) for column in captured.key_columns)
    values = ", ".join(f"{row} -> {literal(column)}" for column in captured.key_columns)
    return f'CASE WHEN {row} ?& ARRAY[{names}] THEN jsonb_build_array({values})::text END COLLATE "C"'
