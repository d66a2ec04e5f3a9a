"""Capture on SQLite: triggers that call nothing of ours, so that any program's write passes; used through `Dialect`."""

import json
from collections.abc import Sequence
from decimal import Decimal

from services.engine.capture.captured import Captured
from services.engine.capture.keys import key_expression, literal, quoted, sqlite_json, stored_key
from services.engine.capture.tables import CREATED, DELETED, EPOCH, OUTBOX_CEILING, PREFIX, SQLITE, UPDATED

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
#: Below the ceiling that the relay raises as it sends. Never null, so that a change is either kept whole or marked.
_ROOM = (
    f"(SELECT coalesce(max(id), 0) FROM {PREFIX}outbox)"
    f" < coalesce((SELECT CAST(value AS INTEGER) FROM {PREFIX}state WHERE name = '{OUTBOX_CEILING}'), 1000000)"
)
_EPOCH = f"coalesce((SELECT CAST(value AS INTEGER) FROM {PREFIX}state WHERE name = '{EPOCH}'), 1)"


class Sqlite:
    """See `Dialect`. `REPLACE` deletes in silence unless the writer sets recursive_triggers: such a write arrives as
    a create of the same key, and a row that it displaced by another unique column is left to reconciliation."""

    name = SQLITE
    one_writer = True
    now = _NOW
    seconds = "((julianday('now') - 2440587.5) * 86400.0)"
    waiting = ""
    last_id = f"SELECT coalesce(max(id), 0) FROM {PREFIX}outbox"
    alone: tuple[str, ...] = ()
    expected_triggers = 4

    def create_capture(self, captured: Captured) -> tuple[str, ...]:
        name, table, key = _names(captured), quoted(captured.table), captured.key_columns
        old_key, new_key = key_expression(key, "OLD", SQLITE), key_expression(key, "NEW", SQLITE)
        created, deleted = _change(captured, CREATED, "NEW"), _change(captured, DELETED, "OLD")
        return (
            *self.drop_capture(captured),
            f"CREATE TRIGGER {name[0]} AFTER INSERT ON {table} BEGIN {created} END",
            f"CREATE TRIGGER {name[1]} AFTER UPDATE ON {table} WHEN {old_key} = {new_key}"
            f" BEGIN {_change(captured, UPDATED, 'NEW')} END",
            f"CREATE TRIGGER {name[2]} AFTER UPDATE ON {table} WHEN {old_key} <> {new_key}"
            f" BEGIN {deleted} {created} END",
            f"CREATE TRIGGER {name[3]} AFTER DELETE ON {table} BEGIN {deleted} END",
        )

    def drop_capture(self, captured: Captured) -> tuple[str, ...]:
        return tuple(f"DROP TRIGGER IF EXISTS {name}" for name in _names(captured))

    def triggers(self, captured: Captured) -> str:
        names = ", ".join(literal(name.strip('"')) for name in _names(captured))
        return (
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
            f" AND tbl_name = {literal(captured.table)} AND name IN ({names})"
        )

    def keys_after(self, captured: Captured, first: bool) -> str:
        columns = ", ".join(quoted(column) for column in captured.key_columns)
        places = ", ".join(f":after{place}" for place in range(len(captured.key_columns)))
        after = "" if first else f" WHERE ({columns}) > ({places})"
        key = key_expression(captured.key_columns, "t", SQLITE)
        return (
            f"SELECT {key} AS raw_key FROM {quoted(captured.table)} t{after} ORDER BY {columns} LIMIT :limit"
        )

    def rows(self, captured: Captured) -> str:
        same = " AND ".join(
            f"t.{quoted(column)} = json_extract(k.value, '$[{place}]')"
            for place, column in enumerate(captured.key_columns)
        )
        # CROSS JOIN keeps the order: a few keys, each looked up in the table.
        return (
            f"SELECT k.value AS raw_key, {_row(captured.columns, 't')} AS row"
            f" FROM json_each(:keys) k CROSS JOIN {quoted(captured.table)} t WHERE {same}"
        )

    def bind_keys(self, keys: Sequence[str]) -> object:
        return json.dumps(list(keys), ensure_ascii=False)

    def bind_after(self, raw: str) -> dict[str, object]:
        return {f"after{place}": _bindable(value) for place, value in enumerate(stored_key(raw))}


def _bindable(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _change(captured: Captured, op: str, row: str) -> str:
    """The two things a trigger does: the record's next version, then the outbox row (or, when full, a mark)."""
    dataset, key = literal(captured.dataset), key_expression(captured.key_columns, row, SQLITE)
    new = "NULL" if op == DELETED else _row(captured.columns, "NEW")
    return (
        f"INSERT INTO {PREFIX}record (dataset, raw_key, epoch, version, deleted)"
        f" VALUES ({dataset}, {key}, {_EPOCH}, 1, {int(op == DELETED)})"
        " ON CONFLICT (dataset, raw_key) DO UPDATE SET"
        " epoch = max(epoch, excluded.epoch), version = version + 1, deleted = excluded.deleted;"
        f" INSERT INTO {PREFIX}dirty (dataset, raw_key, at) SELECT {dataset}, {key}, {_NOW} WHERE NOT {_ROOM}"
        " ON CONFLICT (dataset, raw_key) DO UPDATE SET at = excluded.at;"
        f" INSERT INTO {PREFIX}outbox (dataset, raw_key, epoch, version, op, new, at)"
        f" SELECT r.dataset, r.raw_key, r.epoch, r.version, '{op}', {new}, {_NOW}"
        f" FROM {PREFIX}record r WHERE r.dataset = {dataset} AND r.raw_key = {key} AND {_ROOM};"
    )


def _row(columns: Sequence[str], row: str) -> str:
    """SQL text of a row as one JSON object."""
    members = (
        literal(f"{json.dumps(column, ensure_ascii=False)}:")
        + " || "
        + sqlite_json(f"{row}.{quoted(column)}")
        for column in columns
    )
    return "('{' || " + " || ',' || ".join(members) + " || '}')"


def _names(captured: Captured) -> tuple[str, ...]:
    stem = PREFIX + captured.dataset.replace(".", "_")
    return tuple(quoted(f"{stem}_{deed}") for deed in ("created", "updated", "rekeyed", "deleted"))
