"""The oracle: a question over all the town's records in one place, by nested loops; shares no code with the gateway."""

from collections.abc import Mapping
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_document
from schemas.contracts.model import Cardinality
from schemas.query.bind import bind
from schemas.query.bound import BoundEmbed, BoundQuery
from schemas.query.semantics import matches, sort_key
from schemas.query.tree import Query
from schemas.query.values import to_wire
from tests.gateway import town

CATALOGUE = Catalogue([load_document(town.contract(dataset)) for dataset in town.DATASETS])


def answer(records: Mapping[str, town.Rows], dataset: str, query: Query) -> tuple[list[Any], int]:
    """The rows in order, and how many there are without limit and offset."""
    bound = bind(query, CATALOGUE, dataset)
    rows = _rows(records, bound, records[dataset])
    end = None if query.limit is None else query.offset + query.limit
    return rows[query.offset : end], len(rows)


def _rows(records: Mapping[str, town.Rows], query: BoundQuery, among: town.Rows) -> list[Any]:
    """Every row of a level that belongs to the answer, window aside."""
    met = [row for row in among if matches(query.where, row)]
    # Ties go by node, in the settings' order, and then by key.
    met.sort(
        key=lambda row: (row.get("district") == town.WEST, *(str(row[name]) for name in query.contract.key))
    )
    key = sort_key(query.order)
    met.sort(key=lambda row: key([row[term.item.name] for term in query.order]))  # type: ignore[arg-type,return-value]
    shown = []
    for row in met:
        record = {
            item: to_wire(row[item]) for item in query.contract.items if query.star and item != "remark"
        }
        record |= {column.name: to_wire(row[column.item.name]) for column in query.columns}
        embedded = {embed.name: _embedded(records, embed, row) for embed in query.embeds}
        if all(embedded[embed.name] for embed in query.embeds if embed.inner):
            shown.append(record | {embed.name: _final(embed, embedded[embed.name]) for embed in query.embeds})
    return shown


def _embedded(records: Mapping[str, town.Rows], embed: BoundEmbed, row: Mapping[str, Any]) -> list[Any]:
    key = row[embed.link.item]
    among = [
        one for one in records[embed.link.target] if key is not None and one[embed.link.target_item] == key
    ]
    end = None if embed.query.limit is None else embed.query.offset + embed.query.limit
    return _rows(records, embed.query, among)[embed.query.offset : end]


def _final(embed: BoundEmbed, rows: list[Any]) -> Any:
    if embed.link.cardinality is Cardinality.MANY:
        return rows
    return rows[0] if rows else None
