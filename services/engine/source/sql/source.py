"""The record source over a department's SQL database: implements `source.port.RecordSource`, opened by `opening`."""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from schemas.contracts.model import SYSTEM_ITEMS, Contract
from schemas.query.bound import BoundColumn, BoundQuery, Value
from schemas.wire.record_id import public_key
from services.engine.mapping.model import Mapping
from services.engine.pseudonym_keys import PseudonymKeys
from services.engine.source.keys import by_keys
from services.engine.source.port import (
    Changing,
    Creation,
    Key,
    NotAttached,
    Once,
    Page,
    RecordExists,
    SourceError,
    Version,
    WriteRefused,
    Written,
)
from services.engine.source.sql.driver import Driver, Refused, Steps
from services.engine.source.sql.fitting import Fitting
from services.engine.source.sql.kept import Kept
from services.engine.source.sql.layout import Layout, driver_list, layout
from services.engine.source.sql.naming import Naming, decoded_key
from services.engine.source.sql.reading import Reader
from services.engine.source.sql.shapes import Shape, count_shape, page_shape
from services.engine.source.sql.statements import Statement, count_statement, page_statement, probe_statement
from services.engine.source.sql.write_statements import known_also, named_records, nameless_record
from services.engine.source.sql.writing import Writing

R = TypeVar("R")

#: Characters of statements kept, which is some thousands of usual ones.
_KEPT = 16_000_000
#: Building a statement of more values than this would hold the loop for too long.
_MANY = 40
#: Keys in one statement.
_KEYS_AT_A_TIME = 200
_VERSION = BoundColumn("", SYSTEM_ITEMS["record_version"])

_Contract = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Pages:
    """What all pages of one shape share."""

    statement: Statement
    reader: Reader


class SqlSource:
    """See `RecordSource`. `keys` are the node's pseudonym keys."""

    def __init__(
        self, driver: Driver, naming: Naming, mappings: Sequence[Mapping], keys: PseudonymKeys
    ) -> None:
        self._driver = driver
        self._naming = naming
        self._mappings = {(one.contract.dataset, one.contract.major): one for one in mappings}
        self._keys = keys
        self._fitting = Fitting(driver, mappings)
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget what was worked out for the tables as they were."""
        self._layouts: dict[_Contract, Layout] = {}
        self._pages = Kept[_Pages](_KEPT, lambda pages: len(pages.statement.text))
        self._counts = Kept[Statement](_KEPT, lambda statement: len(statement.text))
        self._probes = cache(lambda of: probe_statement(self._layouts[of]))
        self._writings: dict[_Contract, Writing] = {}

    async def page(self, query: BoundQuery, *, limit: int, after: tuple[Value, ...] | None = None) -> Page:
        if limit <= 0:
            return Page([], None)
        of = _of(query.contract)
        laid = await self._layout(of)
        shape, values = page_shape(query, laid, limit + 1, after)
        pages = await self._pages.get(
            (of, shape), lambda: _pages(shape, laid, self._keys), slow=len(values) > _MANY
        )
        rows = await self._asked(of[0], lambda: self._driver.rows(pages.statement, values))
        return pages.reader.page(rows, limit)

    async def count(self, query: BoundQuery) -> int:
        of = _of(query.contract)
        laid = await self._layout(of)
        shape, values = count_shape(query, laid)
        statement = await self._counts.get(
            (of, shape), lambda: count_statement(shape, laid), slow=len(values) > _MANY
        )
        rows = await self._asked(of[0], lambda: self._driver.rows(statement, values))
        return int(rows[0][0])

    async def estimate(self, dataset: str) -> int:
        table = self._any_major(dataset).table.name
        return await self._asked(dataset, lambda: self._driver.estimate(table))

    async def keys(self, dataset: str, record_ids: Sequence[str]) -> AbstractMapping[str, Key]:
        self._fitting.require(dataset)
        contract = self._any_major(dataset).contract
        if not contract.key_public:
            return await self._pseudonyms(await self._layout(_of(contract)), record_ids)
        wanted = {key: one for one in record_ids if (key := public_key(contract, one)) is not None}
        found = await self._existing(contract, list(wanted))
        return {wanted[key]: key for key in found}

    async def version(self, dataset: str, key: Key) -> Version | None:
        contract = self._any_major(dataset).contract
        query = BoundQuery(contract, columns=(_VERSION,), where=(by_keys(contract, [key]),))
        page = await self.page(query, limit=1)
        return Version.parse(str(page.rows[0][0])) if page.rows else None

    async def create(
        self, dataset: str, major: int, values: AbstractMapping[str, Value], once: Once | None = None
    ) -> Written:
        writing = await self._writing((dataset, major))
        try:
            return await self._write(dataset, writing.create(values, once))
        except (WriteRefused, RecordExists):
            # Somebody else may have been first: with this very call, or with this key.
            given = await self._driver.write(writing.given(once)) if once else None
            if given is not None:
                return given
            contract = self._mappings[dataset, major].contract
            if await self._existing(contract, [tuple(values[item] for item in contract.key)]):
                raise RecordExists from None
            raise

    async def change(
        self,
        dataset: str,
        major: int,
        key: Key,
        values: AbstractMapping[str, Value],
        expected: Version | None,
    ) -> Written:
        writing = await self._writing((dataset, major))
        return await self._write(dataset, writing.change(key, values, expected))

    async def delete(self, dataset: str, key: Key, expected: Version | None) -> None:
        writing = await self._writing(_of(self._any_major(dataset).contract))
        await self._write(dataset, writing.delete(key, expected))

    async def together(
        self, deeds: Sequence[Creation | Changing], once: Once | None = None
    ) -> Sequence[Written]:
        writings = [await self._writing((one.dataset, one.major)) for one in deeds]

        def steps() -> Steps[list[Written]]:
            written: list[Written] = []
            if once is not None and (yield from writings[0].given(once)):
                raise RecordExists
            for one, writing in zip(deeds, writings, strict=True):
                if isinstance(one, Creation):
                    written.append((yield from writing.create(one.values, None)))
                else:
                    written.append((yield from writing.change(one.key, one.values, None)))
            if once is not None:
                yield from writings[0].keep(once, written[0])
            return written

        return await self._write(deeds[0].dataset, steps()) if deeds else []

    async def given(self, dataset: str, once: Once) -> Written | None:
        writing = await self._writing(_of(self._any_major(dataset).contract))
        return await self._write(dataset, writing.given(once))

    async def check(self) -> AbstractMapping[str, str]:
        await self._look()
        for of in self._mappings:
            if of[0] not in self._fitting.stale:
                await self._layout(of)
                await self._driver.rows(self._probes(of), ())
        return {dataset: misfit.reason for dataset, misfit in self._fitting.stale.items()}

    async def close(self) -> None:
        await self._naming.close()
        await self._driver.close()

    async def _pseudonyms(self, laid: Layout, record_ids: Sequence[str]) -> dict[str, Key]:
        """The engine's own rows know them. Records that the relay has not named yet are named here, when somebody
        asks for an id that nobody knows."""
        found: dict[str, Key] = {}
        while True:
            missing = [one for one in dict.fromkeys(record_ids) if one not in found]
            for begin in range(0, len(missing), _KEYS_AT_A_TIME):
                found |= await self._known(laid, missing[begin : begin + _KEYS_AT_A_TIME])
            if len(found) == len(set(record_ids)) or not await self._name_more(laid):
                return found

    async def _known(self, laid: Layout, record_ids: Sequence[str]) -> dict[str, Key]:
        """Those of the ids that records have; then those that they have beside their own, while one pseudonym key
        follows another: in this order, since a record gets its next id and keeps its last one at once."""
        found: dict[str, Key] = {}
        for statement in (named_records(laid.dialect), known_also(laid.dialect)):
            listed = driver_list([one for one in record_ids if one not in found], laid.dialect)
            rows = await self._driver.rows(statement, [laid.mapping.contract.dataset, listed])
            keys = ((record_id, decoded_key(laid, raw)) for record_id, raw in rows)
            found.update((record_id, key) for record_id, key in keys if None not in key)
            if len(found) == len(record_ids):
                break
        return found

    async def _name_more(self, laid: Layout) -> bool:
        """Whether there were records without an id; looked at first, for a write would lock out others."""
        dataset = laid.mapping.contract.dataset
        waiting = await self._driver.rows(nameless_record(laid.dialect), [dataset])
        return bool(waiting) and await self._naming.some(dataset) > 0

    async def _existing(self, contract: Contract, keys: Sequence[Key]) -> set[Key]:
        """Those of the keys that a record has now."""
        columns = tuple(BoundColumn(item, contract.items[item]) for item in contract.key)
        found: set[Key] = set()
        for begin in range(0, len(keys), _KEYS_AT_A_TIME):
            some = keys[begin : begin + _KEYS_AT_A_TIME]
            query = BoundQuery(contract, columns=columns, where=(by_keys(contract, some),))
            found.update((await self.page(query, limit=len(some))).rows)
        return found

    async def _asked(self, dataset: str, ask: Callable[[], Awaitable[R]]) -> R:
        """What the database answers. Where it fails the table is looked at, which the department may have changed:
        DatasetStale when it no longer fits.

        A column of another type that still answers is noticed by the next `check` at the latest; a table that fits
        again by the next question.
        """
        if dataset in self._fitting.stale:
            await self._look()
        self._fitting.require(dataset)
        try:
            return await ask()
        except Exception as fault:
            if isinstance(fault, (Refused, NotAttached)) or not isinstance(fault, SourceError):
                await self._look()
                self._fitting.require(dataset)
            raise

    async def _look(self) -> None:
        if await self._fitting.look():
            self._begin_anew()

    async def _write(self, dataset: str, steps: Steps[R]) -> R:
        try:
            return await self._asked(dataset, lambda: self._driver.write(steps))
        except Refused as fault:
            raise WriteRefused from fault

    async def _writing(self, of: _Contract) -> Writing:
        if of not in self._writings:
            self._writings[of] = Writing(await self._layout(of), self._keys)
        return self._writings[of]

    async def _layout(self, of: _Contract) -> Layout:
        """The layout of a contract; the first one waits for the database to say how its columns sort."""
        if not self._layouts:
            tables = {one.table.name for one in self._mappings.values()}
            ordered = await self._driver.ordered_columns(tables)
            self._layouts = {
                name: layout(one, self._driver.dialect, ordered.get(one.table.name, frozenset()))
                for name, one in self._mappings.items()
            }
        return self._layouts[of]

    def _any_major(self, dataset: str) -> Mapping:
        """A dataset's majors share table and key."""
        return self._mappings[min(of for of in self._mappings if of[0] == dataset)]


def _pages(shape: Shape, laid: Layout, keys: PseudonymKeys) -> _Pages:
    return _Pages(page_statement(shape, laid), Reader(shape, laid, keys))


def _of(contract: Contract) -> _Contract:
    return contract.dataset, contract.major
