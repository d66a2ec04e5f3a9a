"""The transactions of writes to one contract's records, as steps that either database can carry out; called by
`source`. Capture's triggers raise the version and fill the outbox as they do for any program."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from schemas.query.bound import BoundQuery, Value
from schemas.wire.record_id import record_id
from services.engine.capture.keys import raw_key
from services.engine.mapping.codecs import Unspellable
from services.engine.pseudonym_keys import PseudonymKeys
from services.engine.source.keys import by_keys
from services.engine.source.port import (
    Key,
    KeyReused,
    NoSuchRecord,
    Once,
    RecordExists,
    StaleVersion,
    Version,
    WriteRefused,
    Written,
)
from services.engine.source.sql import write_statements as write
from services.engine.source.sql.driver import Ask, Steps
from services.engine.source.sql.layout import Layout
from services.engine.source.sql.shapes import Shape, page_shape
from services.engine.source.sql.statements import Statement, page_statement, read_items

_UNVERSIONED = Version(0, 0)


class Writing:
    """The transactions on one contract's records. The secret of `keys` that names makes the record ids."""

    def __init__(self, layout: Layout, keys: PseudonymKeys) -> None:
        self._layout = layout
        self._contract = layout.mapping.contract
        self._keys = keys
        self._statement = lru_cache(200)(self._make_statement)

    def create(self, values: Mapping[str, Value], once: Once | None) -> Steps[Written]:
        """Raises RecordExists, KeyReused, WriteRefused; Refused where the table has the last word."""
        if once is not None:
            given = yield from self.given(once)
            if given is not None:
                return given
        key = tuple(values[item] for item in self._layout.key)
        if (yield self._found(key)):
            raise RecordExists
        stored = self._encoded(values)
        items = tuple(stored)
        yield Ask(self._statement(write.insert_row, items), list(stored.values()))
        written = yield from self._written(key, [stored[item] for item in self._layout.key])
        if once is not None:
            yield from self.keep(once, written)
        return written

    def given(self, once: Once) -> Steps[Written | None]:
        """The answer given before under an idempotency key; raises KeyReused."""
        rows = yield Ask(write.given_before(self._layout.dialect), [self._contract.dataset, once.key])
        if not rows:
            return None
        digest, known_id, version = rows[0]
        if digest != once.digest:
            raise KeyReused
        return Written(known_id, Version.parse(version))

    def keep(self, once: Once, written: Written) -> Steps[None]:
        """Keep what was written under an idempotency key; Refused where somebody else has kept it meanwhile."""
        kept = [self._contract.dataset, once.key, once.digest, written.record_id, str(written.version)]
        yield Ask(write.keep_given(self._layout.dialect), kept)

    def change(self, key: Key, values: Mapping[str, Value], expected: Version | None) -> Steps[Written]:
        """Only columns whose value changes are written, so that the others keep the spelling they have."""
        row = yield from self._locked(key, expected)
        decode = {item: self._layout.field(item).codec.decode for item in values}
        stored = self._encoded(
            {item: value for item, value in values.items() if decode[item](row[item]) != value}
        )
        own_key = [row[item] for item in self._layout.key]
        if stored:
            update = self._statement(write.update_row, tuple(stored))
            yield Ask(update, [*stored.values(), *own_key])
        return (yield from self._written(key, own_key))

    def delete(self, key: Key, expected: Version | None) -> Steps[None]:
        row = yield from self._locked(key, expected)
        yield Ask(write.delete_row(self._layout), [row[item] for item in self._layout.key])

    def _locked(self, key: Key, expected: Version | None) -> Steps[dict[str, Any]]:
        """The record's columns as stored, by item; no other writer changes them until we commit."""
        ask = self._found(key, tuple(self._contract.items))
        rows = yield ask
        if not rows:
            raise NoSuchRecord
        row = dict(zip(read_items(Shape(tuple(self._contract.items)), self._layout), rows[0], strict=True))
        if expected is not None:
            # Read only now: while we waited for the lock the version may have risen.
            version = yield from self._version([row[item] for item in self._layout.key])
            if version != expected:
                raise StaleVersion
        return row

    def _found(self, key: Key, items: tuple[str, ...] = ()) -> Ask:
        query = BoundQuery(self._contract, where=(by_keys(self._contract, [key]),))
        shape, values = page_shape(query, self._layout, 1, None)
        return Ask(page_statement(Shape(items, shape.where), self._layout, lock=True), values)

    def _written(self, key: Key, stored: Sequence[Any]) -> Steps[Written]:
        """The record's version after the write; its id is filled in at once, so that its address works."""
        version = yield from self._version(stored)
        named = record_id(self._contract, key, self._keys.secret)
        yield Ask(write.name_record(self._layout.dialect), [named, *self._row_name(stored)])
        return Written(named, version)

    def _version(self, stored: Sequence[Any]) -> Steps[Version]:
        rows = yield Ask(write.record_version(self._layout.dialect), self._row_name(stored))
        return Version(*rows[0]) if rows else _UNVERSIONED

    def _row_name(self, stored: Sequence[Any]) -> list[str]:
        return [self._contract.dataset, raw_key(stored, self._layout.dialect)]

    def _encoded(self, values: Mapping[str, Value]) -> dict[str, object]:
        """Stored spellings; raises WriteRefused naming each item that has none."""
        stored, unspelt = dict[str, object](), list[str]()
        for item, value in values.items():
            try:
                stored[item] = self._layout.stored(item, self._layout.field(item).codec.encode(value))
            except Unspellable:
                unspelt.append(item)
        if unspelt:
            raise WriteRefused(tuple(unspelt))
        return stored

    def _make_statement(self, make: Any, items: tuple[str, ...]) -> Statement:
        made: Statement = make(self._layout, items)
        return made
