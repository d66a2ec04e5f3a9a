"""Carrying out a plan: the root's rows, what decides among them, and what they meet; called by `listing`."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.area import Offer
from gateway.asking import Asker, together
from gateway.extent import extent
from gateway.joins import Joiner, shaped
from gateway.judging import Row
from gateway.paging import Place, Position
from gateway.plan import Level, Plan, Start
from gateway.sources import Missing
from gateway.walk import Taken, Walk
from schemas.query.bound import BoundCondition, Value
from schemas.query.tree import Operator
from schemas.query.values import to_wire
from schemas.wire.preference import content_range
from schemas.wire.problem import Problem


@dataclass(frozen=True, slots=True)
class Window:
    """Which of the root's rows are wanted: `wanted` at most, behind `offset` or a position; and whether all are
    counted."""

    wanted: int
    offset: int
    position: Position | None
    counted: bool

    @property
    def passed(self) -> int:
        """How many rows stand before the first one shown."""
        return self.offset if self.position is None else self.position.passed


@dataclass(frozen=True, slots=True)
class Found:
    """The answer's rows, as the caller sees them. `body` is their JSON when one node's bytes can be passed on.
    `total` is known only when it was asked for and nothing is missing; `following` when more rows may follow.
    `decided` says that no row was left out because a missing source decides it."""

    rows: Sequence[Row]
    total: int | None
    following: Position | None
    decided: bool
    body: bytes | None = None


async def run(asker: Asker, plan: Plan, window: Window) -> Found:
    """Start, walk, decide, then complete the rows that are shown."""
    joiner = Joiner(asker, asker.call.gateway.settings.join_keys)
    narrowed = await _start(asker, plan.start) if plan.start is not None else None
    pushed = plan.pushed_down and window.position is None
    places = None if window.position is None else window.position.places
    walk = Walk(asker, plan, narrowed, places, window.offset if pushed else 0)
    await walk.open(window.counted and not plan.root.inner)
    page = _Page(window, walk.places, 0 if pushed or window.position else window.offset)
    while not page.full or (window.counted and plan.root.inner):
        batch = await walk.take(plan.page if plan.root.inner else page.lacking)
        if not batch:
            break
        kept = await joiner.decide(plan.root, [one.row for one in batch])
        page.add(batch, kept)
    total = _total(plan, window, walk, joiner, page)
    await joiner.complete(plan.root, page.rows)
    asker.allow(extent(plan.root, page.rows))
    return Found(
        rows=shaped(plan.root, page.rows),
        total=total,
        following=_following(plan, window, walk, page),
        decided=not joiner.undecided,
        body=_body(plan, walk, page),
    )


class _Page:
    """The rows shown, while the walk goes on. `met` counts all rows that belong to the answer."""

    def __init__(self, window: Window, places: dict[str, Place], skipped: int) -> None:
        self.wanted = window.wanted
        self.skipped = skipped
        self.rows: list[Row] = []
        self.met = 0
        self.left_over = False
        self._begun = places
        self._last: dict[str, Taken] = {}

    @property
    def full(self) -> bool:
        return len(self.rows) >= self.wanted

    @property
    def lacking(self) -> int:
        """How many more rows are needed when none of them falls away."""
        return self.skipped + self.wanted - self.met

    @property
    def places(self) -> dict[str, Place]:
        """Where each node's rows are used up to."""
        return self._begun | {node: one.place for node, one in self._last.items()}

    def add(self, batch: Sequence[Taken], kept: Sequence[Row]) -> None:
        """Take up a batch, of which `kept` belong to the answer."""
        ids = set(map(id, kept))
        for one in batch:
            if self.full:
                self.left_over = True
            else:
                self._last[one.node] = one
            if id(one.row) in ids:
                self.met += 1
                if self.met > self.skipped and not self.full:
                    self.rows.append(one.row)


async def _start(asker: Asker, start: Start) -> BoundCondition | None:
    """The condition on the root that the keys of an embed make; None when they are too many or cannot all be had.
    It only spares rows: what it lets through is decided as ever."""
    joiner = Joiner(asker, asker.call.gateway.settings.join_keys)
    most = asker.call.gateway.settings.start_keys
    sides = await together(*(_keys(joiner, start.probe, offer, most) for offer in start.probe.offers))
    keys: set[Value] = set().union(*(side for side in sides if side is not None))
    if None in sides or joiner.undecided or len(keys) > most:
        return None
    # In an order that depends on the keys alone: a node's cursor is good for the same question only.
    listed = tuple(sorted(keys, key=lambda key: str(to_wire(key))))
    return BoundCondition(start.item, Operator.IN, listed, sealed_for=start.sealed_for)


async def _keys(joiner: Joiner, probe: Level, offer: Offer, most: int) -> set[Value] | None:
    assert probe.key is not None
    keys: set[Value] = set()
    cursor: str | None = None
    try:
        while len(keys) <= most:
            page = await joiner.asker.rows(probe, offer, cursor=cursor)
            rows = await joiner.decide(probe, page.rows)
            keys.update(row[probe.key.name] for row in rows)
            cursor = page.next
            if cursor is None:
                return keys - {None}
    except Missing:
        pass
    return None


def _total(plan: Plan, window: Window, walk: Walk, joiner: Joiner, page: _Page) -> int | None:
    """The count of all rows; Problem bad-range when the window begins behind it."""
    if not window.counted or walk.missing or joiner.undecided:
        return None
    before = window.position.passed if window.position is not None else 0
    total = before + page.met if plan.root.inner else walk.total
    if total is not None and window.passed > total:
        headers = {"Content-Range": content_range(0, 0, total)}
        raise Problem("bad-range", "The answer ends before this range.", headers=headers)
    return total


def _following(plan: Plan, window: Window, walk: Walk, page: _Page) -> Position | None:
    if not page.rows or not page.full or (walk.ended and not page.left_over):
        return None
    start = plan.start.name if plan.start is not None else ""
    return Position(window.passed + len(page.rows), start, plan.page, page.places)


def _body(plan: Plan, walk: Walk, page: _Page) -> bytes | None:
    """The one node's own bytes, when they are the answer."""
    stream = walk.streams[0]
    whole = plan.plain and stream.pages == 1 and stream.used == len(page.rows) and not page.left_over
    return stream.body if whole and not stream.missing else None
