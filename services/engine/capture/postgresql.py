"""Capture on PostgreSQL: one function per dataset behind four triggers, which never fails the writer; used through
`Dialect`."""

import hashlib
from collections.abc import Sequence

from services.engine.capture import noting
from services.engine.capture.captured import Captured
from services.engine.capture.keys import key_expression, literal, quoted
from services.engine.capture.noting import NOW
from services.engine.capture.tables import POSTGRESQL, SCHEMA

#: A statement's own triggers do not see what was written by the name of another table of a tree of partitions; those
#: on rows do. `c` is the table.
_BY_ROW = "(c.relkind <> 'r' OR EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = c.oid))"

#: PostgreSQL cuts longer names off, and so makes one of two.
_LONGEST_NAME = 63


class Postgresql:
    """See `Dialect`. Triggers miss `session_replication_role = replica`, and disabled triggers miss everything: that is
    reconciliation's work."""

    name = POSTGRESQL
    one_writer = False
    now = NOW
    seconds = "extract(epoch FROM clock_timestamp())::double precision"
    waiting = (
        f"SELECT EXISTS (SELECT 1 FROM {SCHEMA}.outbox WHERE sent_at IS NULL AND parked_because IS NULL)"
    )
    last_id = f"SELECT last_value FROM {SCHEMA}.outbox_id_seq"
    alone: tuple[str, ...] = (
        f"SELECT pg_advisory_xact_lock(hashtext('{SCHEMA}'))",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    )
    expected_triggers = 4

    def create_capture(self, captured: Captured) -> tuple[str, ...]:
        """Each trigger takes the place of an older one of its name: dropping that would take the table's owner, and a
        lock that readers wait for."""
        table, function = quoted(captured.table), _function(captured)
        statements = (noting.by_statement(captured, function), *_triggers(captured, by_row=False))
        rows = (noting.by_row(captured, function), *_triggers(captured, by_row=True))
        return (
            f"DO $attach$ BEGIN IF (SELECT {_BY_ROW} FROM pg_class c WHERE c.oid = {literal(table)}::regclass)"
            f" THEN {_run(rows)} ELSE {_run(statements)} END IF; END $attach$",
        )

    def drop_capture(self, captured: Captured) -> tuple[str, ...]:
        """By the function, which is ours: dropping a trigger takes the table's owner."""
        return (f"DROP FUNCTION IF EXISTS {_function(captured)}() CASCADE",)

    def triggers(self, captured: Captured) -> str:
        """Of the sort that the table needs now: it may have become a partition."""
        on_rows, on_truncate = "(g.tgtype & 1 = 1)", "(g.tgtype & 32 = 32)"
        return (
            "SELECT count(*) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
            f" WHERE c.oid = to_regclass({literal(quoted(captured.table))}) AND g.tgenabled <> 'D'"
            f" AND g.tgfoid = to_regproc({literal(_function(captured))})"
            f" AND ({on_truncate} OR {on_rows} = {_BY_ROW})"
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
            f"SELECT given.raw AS raw_key, {noting.stands(captured, 't')}::text AS row"
            " FROM unnest(CAST(:keys AS text[])) given(raw)"
            f" CROSS JOIN LATERAL {_key(captured, 'given.raw')} k JOIN {quoted(captured.table)} t ON {same}"
        )

    def bind_keys(self, keys: Sequence[str]) -> object:
        return list(keys)

    def bind_after(self, raw: str) -> dict[str, object]:
        return {"after": raw}


def _key(captured: Captured, raw: str) -> str:
    """A row of the table's own type that holds the key values of a raw key."""
    members = ", ".join(
        f"{literal(column)}, CAST({raw} AS jsonb) -> {place}"
        for place, column in enumerate(captured.key_columns)
    )
    return f"jsonb_populate_record(CAST(NULL AS {quoted(captured.table)}), jsonb_build_object({members}))"


def _typed(row: str, captured: Captured) -> str:
    return ", ".join(f"{row}.{quoted(column)}" for column in captured.key_columns)


def _triggers(captured: Captured, *, by_row: bool) -> tuple[str, ...]:
    """One with transition tables may be called by one event only."""
    olds, news = f" OLD TABLE AS {noting.OLDS}", f" NEW TABLE AS {noting.NEWS}"
    deeds = (("", "INSERT", news), ("_updated", "UPDATE", olds + news), ("_deleted", "DELETE", olds))
    stem = f"{SCHEMA}_{captured.dataset.replace('.', '_')}"
    each = (
        (f"{stem}{suffix}", deed, "FOR EACH ROW" if by_row else f"REFERENCING{shown} FOR EACH STATEMENT")
        for suffix, deed, shown in deeds
    )
    return tuple(
        f"CREATE OR REPLACE TRIGGER {_name(name)} AFTER {deed} ON {quoted(captured.table)} {how}"
        f" EXECUTE FUNCTION {_function(captured)}()"
        for name, deed, how in (*each, (f"{stem}_emptied", "TRUNCATE", "FOR EACH STATEMENT"))
    )


def _run(statements: Sequence[str]) -> str:
    return " ".join(f"EXECUTE {literal(statement)};" for statement in statements)


def _function(captured: Captured) -> str:
    return f"{SCHEMA}.{_name('capture_' + captured.dataset.replace('.', '_'))}"


def _name(name: str) -> str:
    """An identifier of ours that is nobody else's, however long the dataset's name is."""
    if len(name.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        name = f"{name.encode()[: _LONGEST_NAME - 17].decode(errors='ignore')}_{digest}"
    return quoted(name)
