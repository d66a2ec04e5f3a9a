"""Capture on PostgreSQL: one function per dataset behind two triggers, which never fails the writer; used through
`Dialect`."""

from collections.abc import Sequence

from services.engine.capture.captured import Captured
from services.engine.capture.keys import key_expression, literal, quoted
from services.engine.capture.tables import EPOCH, EVERY_KEY, OUTBOX_CEILING, POSTGRESQL, SCHEMA

_NOW = """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

#: Pinned, so that a writer's session settings change neither what we call nor what we keep.
_PINNED = (
    "SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET extra_float_digits = 1"
    " SET bytea_output = 'hex' SET intervalstyle = 'postgres'"
)

#: The two things a trigger does: the record's next version, then the outbox row (or, when full, a mark).
_NOTE = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.note_change(of_dataset text, of_key text, of_op text, now_is jsonb)
RETURNS void LANGUAGE plpgsql AS $note$
DECLARE
    new_epoch integer; new_version bigint; room boolean;
BEGIN
    INSERT INTO {SCHEMA}.record AS r (dataset, raw_key, epoch, version, deleted)
    VALUES (of_dataset, of_key,
            coalesce((SELECT value::integer FROM {SCHEMA}.state WHERE name = '{EPOCH}'), 1), 1, of_op = 'd')
    ON CONFLICT (dataset, raw_key) DO UPDATE SET
        epoch = greatest(r.epoch, excluded.epoch), version = r.version + 1, deleted = excluded.deleted
    RETURNING r.epoch, r.version INTO new_epoch, new_version;
    SELECT s.last_value < coalesce(
        (SELECT value::bigint FROM {SCHEMA}.state WHERE name = '{OUTBOX_CEILING}'), 1000000)
    INTO room FROM {SCHEMA}.outbox_id_seq s;
    IF room THEN
        INSERT INTO {SCHEMA}.outbox (dataset, raw_key, epoch, version, op, new, at, tx)
        VALUES (of_dataset, of_key, new_epoch, new_version, of_op, now_is::text, {_NOW},
                pg_current_xact_id()::text::bigint);
    ELSE
        INSERT INTO {SCHEMA}.dirty (dataset, raw_key, at) VALUES (of_dataset, of_key, {_NOW})
        ON CONFLICT (dataset, raw_key) DO UPDATE SET at = excluded.at;
    END IF;
END $note$
"""


class Postgresql:
    """See `Dialect`. Triggers miss `session_replication_role = replica`, and disabled triggers miss everything: that is
    reconciliation's work."""

    name = POSTGRESQL
    now = _NOW
    seconds = "extract(epoch FROM clock_timestamp())::double precision"
    waiting = (
        f"SELECT EXISTS (SELECT 1 FROM {SCHEMA}.outbox WHERE sent_at IS NULL AND parked_because IS NULL)"
        f" OR EXISTS (SELECT 1 FROM {SCHEMA}.record WHERE pseudonym IS NULL)"
        f" OR EXISTS (SELECT 1 FROM {SCHEMA}.dirty)"
    )
    last_id = f"SELECT last_value FROM {SCHEMA}.outbox_id_seq"
    alone: tuple[str, ...] = (
        f"SELECT pg_advisory_xact_lock(hashtext('{SCHEMA}'))",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    )
    expected_triggers = 2

    def create_capture(self, captured: Captured) -> tuple[str, ...]:
        table, function, rows, emptied = quoted(captured.table), _function(captured), *_triggers(captured)
        return (
            _NOTE,
            _capture(captured),
            f"CREATE OR REPLACE TRIGGER {rows} AFTER INSERT OR UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()",
            f"CREATE OR REPLACE TRIGGER {emptied} AFTER TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
        )

    def drop_capture(self, captured: Captured) -> tuple[str, ...]:
        """By the function, which is ours: dropping a trigger takes the table's owner."""
        return (f"DROP FUNCTION IF EXISTS {_function(captured)}() CASCADE",)

    def triggers(self, captured: Captured) -> str:
        return (
            "SELECT count(*) FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid"
            f" WHERE g.tgrelid = to_regclass({literal(quoted(captured.table))}) AND g.tgenabled <> 'D'"
            f" AND p.oid = to_regproc({literal(_function(captured))})"
        )

    def keys_after(self, captured: Captured, first: bool) -> str:
        columns = ", ".join(f"t.{quoted(column)}" for column in captured.key_columns)
        key = key_expression(captured.key_columns, "t", POSTGRESQL)
        after = (
            ""
            if first
            else f" WHERE ({columns}) > (SELECT {_typed('k', captured)} FROM {_key(captured, ':after')} k)"
        )
        return (
            f"SELECT {key} AS raw_key FROM {quoted(captured.table)} t{after} ORDER BY {columns} LIMIT :limit"
        )

    def rows(self, captured: Captured) -> str:
        same = " AND ".join(f"t.{quoted(column)} = k.{quoted(column)}" for column in captured.key_columns)
        return (
            "SELECT given.raw AS raw_key, to_jsonb(t)::text AS row FROM unnest(CAST(:keys AS text[])) given(raw)"
            f" CROSS JOIN LATERAL {_key(captured, 'given.raw')} k JOIN {quoted(captured.table)} t ON {same}"
        )

    def bind_keys(self, keys: Sequence[str]) -> object:
        return list(keys)

    def bind_after(self, raw: str) -> dict[str, object]:
        return {"after": raw}


def _capture(captured: Captured) -> str:
    dataset = literal(captured.dataset)
    names = ", ".join(literal(column) for column in captured.key_columns)

    def key(row: str) -> str:
        # Never NEW.column: a column that the department drops must not fail its writers.
        return f"jsonb_build_array({', '.join(f'{row} -> {literal(column)}' for column in captured.key_columns)})::text"

    return f"""
CREATE OR REPLACE FUNCTION {_function(captured)}() RETURNS trigger LANGUAGE plpgsql {_PINNED} AS $capture$
DECLARE
    was jsonb; now_is jsonb; old_key text; new_key text;
BEGIN
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            RAISE EXCEPTION 'every record is to be read again';
        END IF;
        IF TG_OP <> 'INSERT' THEN was := to_jsonb(OLD); END IF;
        IF TG_OP <> 'DELETE' THEN now_is := to_jsonb(NEW); END IF;
        IF NOT coalesce(now_is, was) ?& ARRAY[{names}] THEN
            RAISE EXCEPTION 'a key column is gone';
        END IF;
        IF was IS NOT NULL THEN old_key := {key("was")}; END IF;
        IF now_is IS NOT NULL THEN new_key := {key("now_is")}; END IF;
        IF old_key = new_key THEN
            PERFORM {SCHEMA}.note_change({dataset}, new_key, 'u', now_is);
        ELSE
            IF was IS NOT NULL THEN PERFORM {SCHEMA}.note_change({dataset}, old_key, 'd', NULL); END IF;
            IF now_is IS NOT NULL THEN PERFORM {SCHEMA}.note_change({dataset}, new_key, 'c', now_is); END IF;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        {_mark(dataset)}
    END;
    RETURN NULL;
END $capture$
"""


def _mark(dataset: str) -> str:
    """What is done when capture fails: the record is marked, or every record where it is not known which; and whatever
    comes of that, the writer goes on."""
    return f"""
        BEGIN
            INSERT INTO {SCHEMA}.dirty (dataset, raw_key, at)
            SELECT {dataset}, k, {_NOW}
            FROM (SELECT DISTINCT unnest(ARRAY[old_key, new_key]) AS k
                  UNION SELECT '{EVERY_KEY}' WHERE coalesce(old_key, new_key) IS NULL) marked
            WHERE k IS NOT NULL
            ON CONFLICT (dataset, raw_key) DO UPDATE SET at = excluded.at;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'langqiao: a change of % waits for reconciliation (%)', {dataset}, SQLSTATE;
        END;"""


def _key(captured: Captured, raw: str) -> str:
    """A row of the table's own type that holds the key values of a raw key."""
    members = ", ".join(
        f"{literal(column)}, CAST({raw} AS jsonb) -> {place}"
        for place, column in enumerate(captured.key_columns)
    )
    return f"jsonb_populate_record(CAST(NULL AS {quoted(captured.table)}), jsonb_build_object({members}))"


def _typed(row: str, captured: Captured) -> str:
    return ", ".join(f"{row}.{quoted(column)}" for column in captured.key_columns)


def _function(captured: Captured) -> str:
    return f"{SCHEMA}.{quoted('capture_' + captured.dataset.replace('.', '_'))}"


def _triggers(captured: Captured) -> tuple[str, str]:
    stem = f"{SCHEMA}_{captured.dataset.replace('.', '_')}"
    return quoted(stem), quoted(f"{stem}_emptied")
