"""The oracle: one PostgreSQL database that holds all the county's values, and a question's tree as one SQL statement.

Embeds are lateral joins and JSON aggregates, as PostgREST writes them. Nothing here is shared with gateway, nodes or
`schemas.query.semantics`: texts of a question become values by PostgreSQL's own casts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from schemas.query.tree import Column, Condition, Embed, Filter, Operator, Order, Query, Star
from tests.flow.federation.county import DATASETS, Dataset
from tests.flow.federation.records import Contents

_TYPES = {
    "string": 'text COLLATE "C"',
    "integer": "bigint",
    "number": "numeric",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}
#: Which node keeps the record: where an order leaves two records equal, the node named first goes first.
_PLACE = "_place"
_CASTS = {name: text.partition(" ")[0] for name, text in _TYPES.items()}
_SYMBOLS = {
    Operator.EQ: "=",
    Operator.NEQ: "<>",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.LIKE: "LIKE",
    Operator.ILIKE: "ILIKE",
}
#: How PostgreSQL is made to write a value as the wire does.
_WIRE = {
    "number": "{}::text",
    "date": "to_char({}, 'YYYY-MM-DD')",
    "timestamp": (
        "to_char({0} AT TIME ZONE 'UTC', CASE WHEN extract(microseconds FROM {0}) % 1000000 = 0"
        ' THEN \'YYYY-MM-DD"T"HH24:MI:SS"Z"\' ELSE \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\' END)'
    ),
}


@dataclass(frozen=True)
class Answer:
    """What one database answers: the rows in order, and how many there are without limit and offset."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True)
class OneDatabase:
    """All the county's values in one place. `make` creates the tables, `load` replaces what they hold."""

    connection: "asyncpg.Connection[asyncpg.Record]"

    async def make(self) -> None:
        for one in DATASETS.values():
            columns = ", ".join(f'"{item}" {_column(one, item)}' for item in one.items)
            key = ", ".join(f'"{item}"' for item in one.key)
            await self.connection.execute(
                f"CREATE TABLE {_table(one)} ({columns}, {_PLACE} int, PRIMARY KEY ({key}))"
            )

    async def load(self, contents: Contents) -> None:
        for one in DATASETS.values():
            await self.connection.execute(f"DELETE FROM {_table(one)}")
            rows = [{**record.values, _PLACE: record.place} for record in contents[one.dataset]]
            # As texts, because the driver takes 9999-12-31 for infinity.
            await self.connection.execute(
                f"INSERT INTO {_table(one)} SELECT * FROM json_populate_recordset(NULL::{_table(one)}, $1)",
                json.dumps(rows, default=str),
            )

    async def answer(self, dataset: str, query: Query) -> Answer:
        """Rows and total of a question that is sound."""
        rows = _Statement()
        found = await self.connection.fetchval(rows.array(DATASETS[dataset], query), *rows.values)
        count = _Statement()
        total = await self.connection.fetchval(count.count(DATASETS[dataset], query), *count.values)
        return Answer(json.loads(found) if found is not None else [], total)


@dataclass
class _Statement:
    """One statement while it is written: its parameters so far (all texts or lists of texts), and fresh names."""

    values: list[str | list[str]] = field(default_factory=list)
    names: int = 0

    def array(self, one: Dataset, query: Query) -> str:
        """All rows as one JSON array in order; null when there are none."""
        return f"SELECT json_agg(x.r ORDER BY x.n) FROM ({self.rows(one, query, 'true')}) x"

    def count(self, one: Dataset, query: Query) -> str:
        whole = Query(query.select, query.where)
        return f"SELECT count(*) FROM ({self.rows(one, whole, 'true')}) x"

    def rows(self, one: Dataset, query: Query, joined: str, me: str = "") -> str:
        """Each row of a level as the object `r`, with its place `n` in the whole order."""
        me = me or self.name()
        shown, laterals = self.selected(one, query, me)
        where = " AND ".join([joined, *(self.filter(one, member, me) for member in query.where)])
        ties = [f'{me}."{item}"' for item in (_PLACE, *one.key)]
        order = ", ".join([*(_order(term, me) for term in query.order), *ties])
        window = f" LIMIT {query.limit}" if query.limit is not None else ""
        return (
            f"SELECT json_build_object({', '.join(shown)}) AS r, row_number() OVER (ORDER BY {order}) AS n"
            f" FROM {_table(one)} {me} {' '.join(laterals)} WHERE {where}"
            f" ORDER BY {order}{window} OFFSET {query.offset}"
        )

    def selected(self, one: Dataset, query: Query, me: str) -> tuple[list[str], list[str]]:
        """The members of a level's object, and the joins that they need."""
        shown: dict[str, str] = {}
        laterals: list[str] = []
        for part in query.select or (Star(),):
            if isinstance(part, Star):
                shown |= {item: _wire(one, item, me) for item in one.items if item not in one.withheld}
            elif isinstance(part, Column):
                shown[part.alias or part.name] = _wire(one, part.name, me)
            else:
                name = self.name()
                laterals.append(self.embed(one, part, me, name))
                empty = "'null'" if link_of(one, part.link).one else "'[]'"
                shown[part.alias or part.link] = f"coalesce({name}.v, {empty}::json)"
        return [piece for name, value in shown.items() for piece in (f"'{name}'", value)], laterals

    def embed(self, one: Dataset, embed: Embed, me: str, name: str) -> str:
        link = link_of(one, embed.link)
        other = self.name()
        joined = f'{other}."{link.target_item}" = {me}."{link.item}"'
        rows = self.rows(link.target, embed.query, joined, other)
        value = f"SELECT x.r AS v FROM ({rows}) x"
        if not link.one:
            value = f"SELECT json_agg(x.r ORDER BY x.n) AS v FROM ({rows}) x"
        how = "JOIN" if embed.inner else "LEFT JOIN"
        return f"{how} LATERAL ({value}) {name} ON {f'{name}.v IS NOT NULL' if embed.inner else 'true'}"

    def filter(self, one: Dataset, part: Filter, me: str) -> str:
        if isinstance(part, Condition):
            text = self.condition(one, part, me)
        else:
            word, empty = (" OR ", "false") if part.any else (" AND ", "true")
            text = word.join(self.filter(one, member, me) for member in part.members) or empty
        return f"NOT ({text})" if part.negated else f"({text})"

    def condition(self, one: Dataset, part: Condition, me: str) -> str:
        column = f'{me}."{part.item}"'
        if part.operator is Operator.IS:
            return f"{column} IS {part.value}"
        cast = _CASTS[one.items[part.item].type]
        if isinstance(part.value, tuple):
            return f"{column} = ANY({self.value(list(part.value))}::text[]::{cast}[])"
        pattern = part.operator in (Operator.LIKE, Operator.ILIKE)
        value = self.value(part.value.replace("*", "%") if pattern else part.value)
        return f"{column} {_SYMBOLS[part.operator]} {value}::text::{cast}"

    def value(self, one: str | list[str]) -> str:
        self.values.append(one)
        return f"${len(self.values)}"

    def name(self) -> str:
        self.names += 1
        return f"t{self.names}"


@dataclass(frozen=True)
class Direction:
    """A link as one side sees it."""

    item: str
    target: Dataset
    target_item: str
    one: bool


def link_of(one: Dataset, name: str) -> Direction:
    """The link of that name from a dataset, declared there or by the other side."""
    return links(one)[name]


def links(one: Dataset) -> dict[str, Direction]:
    """Every link from a dataset, by name."""
    found = {
        link.name: Direction(link.item, DATASETS[link.target], link.target_item, link.one)
        for link in one.relations
    }
    for other in DATASETS.values():
        for link in other.relations:
            if link.target == one.dataset:
                found[link.reverse] = Direction(link.target_item, other, link.item, link.reverse_one)
    return found


def _table(one: Dataset) -> str:
    return one.dataset.replace(".", "_")


def _column(one: Dataset, item: str) -> str:
    spelling = one.items[item]
    return f"numeric(40, {spelling.scale})" if spelling.scale is not None else _TYPES[spelling.type]


def _wire(one: Dataset, item: str, me: str) -> str:
    return _WIRE.get(one.items[item].type, "{}").format(f'{me}."{item}"')


def _order(term: Order, me: str) -> str:
    nulls = {None: "", True: " NULLS FIRST", False: " NULLS LAST"}[term.nulls_first]
    return f'{me}."{term.item}" {"DESC" if term.descending else "ASC"}{nulls}'


def statement(dataset: str, query: Query) -> tuple[str, Sequence[str | list[str]]]:
    """The statement and its parameters, for a failing test to show."""
    made = _Statement()
    return made.array(DATASETS[dataset], query), made.values
