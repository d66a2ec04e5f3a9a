"""Random departments, grants and questions, and what each caller may see of them, said without the product's rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from schemas.query.bound import Value
from schemas.query.values import to_wire
from tests.flow.access.declared import Dataset, Item, Link, Record
from tests.flow.access.land import EAST, LAND

OWNER = f"{EAST}.{LAND}"
ALPHA, BETA = f"{LAND}.alpha", f"{LAND}.beta"
_ROWS = 3
#: Of a changed department: none of its hidden values is one of before.
_CHANGED = 500
_CLASSES = st.sampled_from(["open", "unconditional", "conditional", "conditional", "withheld"])
_LINKED = st.sampled_from(["open", "unconditional", "conditional"])
_TYPES = st.sampled_from(["text", "text", "whole", "amount", "day"])
_CALLERS = st.sampled_from(["nobody", "member", "grantee", "grantee", "owner"])


@dataclass(frozen=True)
class Grant:
    """Items of one dataset for the member, of the rows in which an item has a value (None: of all)."""

    dataset: str
    items: tuple[str, ...]
    scope: tuple[str, Value] | None

    @property
    def id(self) -> str:
        return f"G-{self.dataset.partition('.')[2]}"

    def said(self) -> dict[str, Any]:
        rows = {} if self.scope is None else {"rows": f"{self.scope[0]}.eq.{to_wire(self.scope[1])}"}
        return {"id": self.id, "dataset": self.dataset, "items": list(self.items), **rows}


@dataclass(frozen=True)
class Wish:
    """A department with two linked datasets, its records, each value another, and a grant on either dataset."""

    datasets: Mapping[str, Dataset]
    records: Mapping[str, tuple[Record, ...]]
    grants: Mapping[str, Grant]

    def sees(self, who: str, purpose: str, dataset: str, item: str, row: int) -> bool:
        """Whether a caller may see an item of a record."""
        shared = self.datasets[dataset].items[item].shared
        if shared == "open" or (shared == "unconditional" and who != "nobody"):
            return True
        if shared == "withheld" or who in ("nobody", "member"):
            return False
        if who == "owner":
            return True
        grant = self.grants[dataset]
        named = purpose.removeprefix("grant:").split(",")
        return grant.id in named and item in grant.items and self._in_scope(grant, row)

    def _in_scope(self, grant: Grant, row: int) -> bool:
        if grant.scope is None:
            return True
        item, value = grant.scope
        hidden = self.datasets[grant.dataset].items[item].shared == "withheld"
        return not hidden and self.records[grant.dataset][row][item] == value

    def hidden(self, who: str, purpose: str) -> set[bytes]:
        """The values that may stand in no answer to this caller, as answers would write them."""
        seen: dict[bool, set[bytes]] = {True: set(), False: set()}
        for dataset, one in self.datasets.items():
            for row, record in enumerate(self.records[dataset]):
                for item in one.items:
                    seen[self.sees(who, purpose, dataset, item, row)].add(told(record[item]))
        return seen[False] - seen[True]

    def values(self) -> set[bytes]:
        return {told(value) for rows in self.records.values() for row in rows for value in row.values()}

    def changed(self, who: str, purpose: str) -> "Wish":
        """The same department, other in all that the caller may not see, but for keys and what grants go by."""
        kept = {(one.dataset, one.scope[0]) for one in self.grants.values() if one.scope is not None}
        kept |= {(one.dataset, one.key) for one in self.datasets.values()}

        def value(dataset: str, item: str, row: int) -> Value:
            before = self.records[dataset][row][item]
            if (dataset, item) in kept or self.sees(who, purpose, dataset, item, row):
                return before
            one = self.datasets[dataset]
            return _value(one, item, row, _CHANGED)

        records = {
            dataset: tuple({item: value(dataset, item, row) for item in rows[row]} for row in range(_ROWS))
            for dataset, rows in self.records.items()
        }
        return replace(self, records=records)


def told(value: Value) -> bytes:
    """A value as answers write it."""
    return str(to_wire(value)).encode()


def _value(one: Dataset, item: str, row: int, beyond: int = 0) -> Value:
    """A value that stands nowhere else."""
    place = list(one.items).index(item) * _ROWS + row + (100 if one.dataset == BETA else 200) + beyond
    made: dict[str, Value] = {
        "text": f"canary{place}x",
        "whole": 7_305_118_000 + place,
        "amount": Decimal(f"{4_815_162_000 + place}.42"),
        "day": date(1873, 1, 1) + timedelta(days=place),
    }
    return made[one.items[item].type]


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Any department: every class of sharing anywhere, on keys and on what links stand on."""
    # No contract may stand a link on a withheld item, at either end.
    code, ref = (replace(draw(_items("text")), shared=draw(_LINKED)) for _ in range(2))
    beta = Dataset(BETA, {"code": code, **_drawn(draw, "b")})
    link = Link("other", "ref", BETA, "code", "alphas")
    alpha = Dataset(ALPHA, {"code": draw(_items("text")), "ref": ref, **_drawn(draw, "a")}, links=(link,))
    records = {one.dataset: [_row(one, row) for row in range(_ROWS)] for one in (alpha, beta)}
    for row in range(_ROWS):
        records[ALPHA][row]["ref"] = records[BETA][row]["code"]
    datasets = {one.dataset: one for one in (alpha, beta)}
    grants = {name: draw(_grants(one, records[name])) for name, one in datasets.items()}
    return Wish(datasets, {name: tuple(rows) for name, rows in records.items()}, grants)


def _row(one: Dataset, row: int) -> dict[str, Value]:
    return {item: _value(one, item, row) for item in one.items}


def _drawn(draw: st.DrawFn, prefix: str) -> dict[str, Item]:
    return {f"{prefix}{number}": draw(_items(draw(_TYPES))) for number in range(draw(st.integers(1, 4)))}


@st.composite
def _items(draw: st.DrawFn, type_: str) -> Item:
    shared = draw(_CLASSES)
    return Item(
        shared,
        type_,
        personal=shared != "open" and draw(st.booleans()),
        filterable=draw(st.integers(0, 5)) > 0,
    )


@st.composite
def _grants(draw: st.DrawFn, one: Dataset, rows: list[dict[str, Value]]) -> Grant:
    items = draw(st.lists(st.sampled_from([*one.items]), min_size=1, unique=True))
    by = [item for item, said in one.items.items() if said.filterable]
    scoped = bool(by) and draw(st.booleans())
    item = draw(st.sampled_from(by)) if scoped else ""
    scope = (item, draw(st.sampled_from(rows))[item]) if scoped else None
    return Grant(one.dataset, tuple(items), scope)


@st.composite
def questions(draw: st.DrawFn, wish: Wish) -> dict[str, Any]:
    """A call of any kind as cases write them, by anybody, at the department or through the gateway."""
    dataset = draw(st.sampled_from([ALPHA, BETA]))
    by, at = draw(_CALLERS), draw(st.sampled_from([OWNER, OWNER, "gateway"]))
    call = draw(st.sampled_from([_listed, _listed, _counted, _addressed, _verified, _looked_up]))(
        draw, wish, dataset, at
    )
    ids = sorted(one.id for one in wish.grants.values())
    purpose = f"grant:{','.join(draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)))}"
    return {"by": by, "at": at, "call": call, **({"purpose": purpose} if by == "grantee" else {})}


def _path(dataset: str) -> str:
    return f"/records/{dataset.replace('.', '/')}"


def _listed(draw: st.DrawFn, wish: Wish, dataset: str, at: str) -> dict[str, Any]:
    asked = _select(draw, wish, dataset, at) | _conditions(draw, wish, dataset) | _order(draw, wish, dataset)
    if draw(st.booleans()):
        return {"path": f"{_path(dataset)}/query", "json": asked, "headers": _prefer(draw)}
    return {"method": "GET", "path": f"{_path(dataset)}?{urlencode(asked)}", "headers": _prefer(draw)}


def _counted(draw: st.DrawFn, wish: Wish, dataset: str, at: str) -> dict[str, Any]:
    asked = urlencode(_conditions(draw, wish, dataset))
    return {"method": "HEAD", "path": f"{_path(dataset)}?{asked}", "headers": {"prefer": "count=exact"}}


def _addressed(draw: st.DrawFn, wish: Wish, dataset: str, at: str) -> dict[str, Any]:
    one = wish.datasets[dataset]
    key = draw(st.sampled_from([*(str(row[one.key]) for row in wish.records[dataset]), "nothing"]))
    return {
        "method": "GET",
        "path": f"{_path(dataset)}/{quote(key)}?{urlencode(_select(draw, wish, dataset, at))}",
    }


def _verified(draw: st.DrawFn, wish: Wish, dataset: str, at: str) -> dict[str, Any]:
    where, claims = (dict([draw(_pair(wish, dataset))]) for _ in range(2))
    return {"path": f"{_path(dataset)}/verify", "json": {"where": where, "claims": claims}}


def _looked_up(draw: st.DrawFn, wish: Wish, dataset: str, at: str) -> dict[str, Any]:
    item, value = draw(_pair(wish, dataset))
    asked = {"by": item, "keys": [value], **_select(draw, wish, dataset, at)}
    return {"path": f"{_path(dataset)}/lookup", "json": asked}


def _pair(wish: Wish, dataset: str) -> st.SearchStrategy[tuple[str, Any]]:
    """An item, and a value that some record has there."""
    rows = st.sampled_from(wish.records[dataset])
    items = st.sampled_from([*wish.datasets[dataset].items])
    return st.tuples(items, rows).map(lambda one: (one[0], to_wire(one[1][one[0]])))


def _select(draw: st.DrawFn, wish: Wish, dataset: str, at: str) -> dict[str, Any]:
    names = [*wish.datasets[dataset].items, "record_id", "*"]
    shown = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    if at == "gateway" and draw(st.booleans()):
        link, target = ("other", BETA) if dataset == ALPHA else ("alphas", ALPHA)
        inner = draw(
            st.lists(
                st.sampled_from([*wish.datasets[target].items, "*"]), min_size=1, max_size=2, unique=True
            )
        )
        shown.append(f"{link}{draw(st.sampled_from(['', '!inner']))}({','.join(inner)})")
    return {"select": ",".join(shown)} if shown else {}


def _conditions(draw: st.DrawFn, wish: Wish, dataset: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item, value in draw(st.lists(_pair(wish, dataset), max_size=2)):
        form = draw(
            st.sampled_from(["eq.{}", "neq.{}", "in.({})", "gt.{}", "not.lte.{}", "like.{}*", "is.null"])
        )
        if draw(st.integers(0, 3)):
            found[item] = form.format(value)
        else:
            found["or"] = f"({item}.{form.format(value)},{wish.datasets[dataset].key}.eq.nothing)"
    return found


def _order(draw: st.DrawFn, wish: Wish, dataset: str) -> dict[str, Any]:
    items = st.sampled_from([*wish.datasets[dataset].items])
    terms = draw(st.lists(st.tuples(items, st.sampled_from(["", ".desc"])).map("".join), max_size=2))
    bounds = draw(st.sampled_from([{}, {}, {"limit": "1"}, {"offset": "1"}]))
    return ({"order": ",".join(terms)} if terms else {}) | bounds


def _prefer(draw: st.DrawFn) -> dict[str, str]:
    return draw(st.sampled_from([{}, {"prefer": "count=exact"}]))
