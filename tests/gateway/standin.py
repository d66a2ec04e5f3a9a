"""Stand-ins for department nodes: small ASGI apps over rows in memory that keep the department's wire contract."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_document
from schemas.contracts.model import SYSTEM_ITEMS, Contract, Item, SharingClass
from schemas.query.bind import bind
from schemas.query.bound import BoundColumn, BoundCondition, BoundFilter, BoundQuery, Value, conditions
from schemas.query.parse import parse_body
from schemas.query.sealed import with_sealed
from schemas.query.semantics import matches, sort_key
from schemas.query.tree import Condition, Operator, Query
from schemas.query.values import from_text, to_wire
from schemas.trust.access import refuse_early
from schemas.trust.link_keys import LinkKey, ends_of
from schemas.trust.model import Caller
from schemas.trust.sealing import Seal, key_id_in
from schemas.wire import cursor
from schemas.wire.descriptor import Descriptor, Offering, Retiring
from schemas.wire.preference import content_range
from schemas.wire.problem import MEDIA_TYPE, Problem
from tests.gateway.town import WEST, Rows

_SECRET = b"s" * 32
#: The keys of every link: that each has its own is the departments' affair.
_LINK_KEYS = tuple(LinkKey(text * 64, datetime(2026, 1, 1, tzinfo=UTC)) for text in (b"k", b"l"))


@dataclass
class Node:
    """One stand-in. `served` are contract documents; `seen` is every call that came, as (method, address, headers,
    body). `closed` are items that it gives to nobody; `max_rows` is its largest page; `retiring` are the majors that
    end, by dataset: by those that it retired it answers no more."""

    node: str
    records: Mapping[str, Rows]
    served: Sequence[dict[str, Any]]
    coverage: tuple[str, ...] = ()
    copy_of: str | None = None
    max_rows: int = 10_000
    closed: frozenset[str] = frozenset()
    retiring: Mapping[str, tuple[Retiring, ...]] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contracts = Catalogue([load_document(one) for one in self.served])
        paths = {"query": self.query, "lookup": self.lookup, "verify": self.verify}
        routes = [
            Route(f"/records/{{kind}}/{{name}}/{verb}", one, methods=["POST"]) for verb, one in paths.items()
        ]
        self.app = Starlette(routes=[Route("/catalogue", self.catalogue), *routes])

    @property
    def calls(self) -> list[tuple[str, str, dict[str, str], bytes]]:
        """The calls for records."""
        return [one for one in self.seen if one[1] != "/catalogue"]

    async def catalogue(self, request: Request) -> Response:
        body = self.descriptor().model_dump_json()
        tag = f'W/"{hashlib.sha256(body.encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        return Response(body, headers={"ETag": tag}, media_type="application/json")

    def descriptor(self) -> Descriptor:
        return Descriptor(
            node=self.node,
            division=self.node.partition(".")[0],
            offerings=tuple(self._offering(dataset) for dataset in self.contracts.datasets()),
            contracts=tuple(self.served),
        )

    def _offering(self, dataset: str) -> Offering:
        return Offering(
            dataset=dataset,
            majors=tuple(one for one in self.contracts.majors(dataset) if one not in self._retired(dataset)),
            retiring=self.retiring.get(dataset, ()),
            provider=self.node,
            coverage=self.coverage or (self.node.partition(".")[0],),
            copy_of=self.copy_of,
            records=len(self.records[dataset]),
            estimated_at="2026-01-01T00:00:00Z",
            max_rows=self.max_rows,
        )

    def _retired(self, dataset: str) -> set[int]:
        return {one.major for one in self.retiring.get(dataset, ()) if one.retired}

    async def query(self, request: Request) -> Response:
        return await self._answered(request, self._query)

    async def lookup(self, request: Request) -> Response:
        return await self._answered(request, self._lookup)

    async def verify(self, request: Request) -> Response:
        return await self._answered(request, self._verify)

    async def _answered(self, request: Request, action: Any) -> Response:
        body = await request.body()
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.seen.append((request.method, address, dict(request.headers), body))
        try:
            return action(request, orjson.loads(body))  # type: ignore[no-any-return]
        except Problem as fault:
            return Response(fault.body(), fault.status, dict(fault.headers), MEDIA_TYPE)

    def _query(self, request: Request, members: dict[str, Any]) -> Response:
        text = members.pop("cursor", None)
        query = _parsed(members)
        asked = self._bound(request, query)
        rows = self._met(asked)
        binding = _binding(request, members)
        first = asked.offset if text is None else cursor.open_cursor(_SECRET, binding, text, 0)
        counted = "count=exact" in request.headers.get("prefer", "")
        if counted and first > len(rows):
            raise Problem(
                "bad-range", "The answer ends before this range.", headers={"Content-Range": f"*/{len(rows)}"}
            )
        most = min(self.max_rows, self.max_rows if asked.limit is None else asked.limit)
        page = rows[first : first + most]
        headers = {
            "Contract-Version": str(asked.contract.major),
            "Content-Range": content_range(first, len(page), len(rows) if counted else None),
        }
        if page and first + len(page) < len(rows):
            headers["Langqiao-Next"] = cursor.seal(_SECRET, binding, first + len(page), 1)
        return _json([_shown(request, asked, row) for row in page], headers)

    def _lookup(self, request: Request, members: dict[str, Any]) -> Response:
        ids = members.pop("record_ids")
        asked = self._bound(request, _parsed(members))
        rows = self._met(asked)
        lines: list[Any] = [
            {
                "key": one,
                "records": [
                    _shown(request, asked, row) for row in rows if record_id(asked.contract, row) == one
                ],
            }
            for one in ids
        ]
        lines.append({"end": {"keys": len(ids), "records": sum(len(line["records"]) for line in lines)}})
        headers = {"Contract-Version": str(asked.contract.major)}
        return Response(b"\n".join(map(orjson.dumps, lines)) + b"\n", 200, headers, "application/x-ndjson")

    def _verify(self, request: Request, members: dict[str, Any]) -> Response:
        said = {**members["where"], **members["claims"]}
        where = tuple(Condition(item, Operator.EQ, str(value)) for item, value in said.items())
        asked = replace(self._bound(request, Query(where=where)), star=False)
        return _json({"match": bool(self._met(asked))}, {"Contract-Version": str(asked.contract.major)})

    def _bound(self, request: Request, query: Query) -> BoundQuery:
        dataset = f"{request.path_params['kind']}.{request.path_params['name']}"
        major = int(request.headers["contract-version"])
        if major in self._retired(dataset):
            raise Problem("major-retired", f"{dataset} is not served in version {major} any more")
        asked = bind(query, self.contracts, dataset, major)
        request.state.came = _came(asked)
        asked = replace(asked, where=tuple(_opened(request, asked.contract, one) for one in asked.where))
        caller = (
            Caller("330200.approvals", "window", "o", "case:1")
            if "authorization" in request.headers
            else Caller()
        )
        used = asked.used_items()
        refuse_early(asked.contract, used.values(), caller)
        closed = sorted(self.closed & set(used))
        if closed:
            message = f"{dataset} shares {', '.join(closed)} on a grant alone"
            raise Problem("grant-required", message, members={"dataset": dataset, "items": closed})
        if asked.star:
            shown = [one for one in asked.contract.items.values() if self._visible(one, caller)]
            starred = tuple(BoundColumn(one.name, one) for one in shown)
            asked = replace(asked, columns=starred + asked.columns, star=False)
        return asked

    def _visible(self, item: Item, caller: Caller) -> bool:
        free = item.sharing.sharing_class is SharingClass.UNCONDITIONAL and item.name not in self.closed
        return item.open if caller.anonymous else free

    def _met(self, asked: BoundQuery) -> Rows:
        """All rows that meet a question, in its order and then by key."""
        rows = [row for row in self.records[asked.contract.dataset] if matches(asked.where, row)]
        rows.sort(key=lambda row: [str(row[name]) for name in asked.contract.key])
        key = sort_key(asked.order)
        rows.sort(key=lambda row: key([row[term.item.name] for term in asked.order]))  # type: ignore[arg-type,return-value]
        return rows


def record_id(contract: Contract, row: Mapping[str, Value]) -> str:
    """A stand-in's record id of a row."""
    key = "~".join(str(row[name]) for name in contract.key)
    return key if contract.key_public else hashlib.sha256(key.encode()).hexdigest()[:32]


def _parsed(members: dict[str, Any]) -> Query:
    sealed = members.pop("sealed", None)
    return with_sealed(parse_body(members), sealed)


def _came(asked: BoundQuery) -> dict[tuple[str, str], LinkKey]:
    """The key by which the keys of each link came, as the gateway sends those of one key alone in a join."""
    by_id = {one.key_id: one for one in _LINK_KEYS}
    return {
        (one.item.name, one.sealed_for): by_id[key_id_in(str(text))]
        for one in conditions(asked.where)
        if one.sealed_for is not None and isinstance(one.value, tuple)
        for text in one.value
    }


def _opened(request: Request, contract: Contract, one: BoundFilter) -> BoundFilter:
    """A condition with the keys that a gateway had from another stand-in."""
    if not isinstance(one, BoundCondition) or one.sealed_for is None:
        return one
    assert isinstance(one.value, tuple)
    seal = _seal(request, contract, one.item, one.sealed_for)
    return replace(one, value=tuple(from_text(one.item, seal.open(str(text))) for text in one.value))


def _seal(request: Request, contract: Contract, item: Item, other: str) -> Seal:
    """By the key by which the link's keys came; else by the second in the west, where it has already begun."""
    ends = ends_of(f"{contract.dataset}.{item.name}", other)
    question = request.headers["langqiao-question"]
    by = _LINK_KEYS[str(request.url.hostname).startswith(WEST)]
    return Seal(_LINK_KEYS, request.state.came.get((item.name, other), by), ends, question)


def _shown(request: Request, asked: BoundQuery, row: Mapping[str, Value]) -> dict[str, Any]:
    return {one.name: _wire(request, asked.contract, one, row) for one in asked.columns}


def _wire(request: Request, contract: Contract, column: BoundColumn, row: Mapping[str, Value]) -> Any:
    if column.sealed_for is not None:
        return _seal(request, contract, column.item, column.sealed_for).seal(row[column.item.name])
    if column.item is SYSTEM_ITEMS["record_id"]:
        return record_id(contract, row)
    if column.item is SYSTEM_ITEMS["record_version"]:
        return "1.1"
    return to_wire(row[column.item.name])


def _json(content: Any, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(content), 200, headers, "application/json")


def _binding(request: Request, members: Mapping[str, Any]) -> bytes:
    """A cursor is good for the same caller and the same question, the offset aside."""
    asked = sorted((name, str(value)) for name, value in members.items() if name != "offset")
    return orjson.dumps([request.headers.get("authorization"), asked])
