"""What the department's programs do, as its old ones do it: single rows, transactions, keys that change, bulk updates,
TRUNCATE, the nightly reload; chosen at random by `writers`."""

import random
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.crash.hand import LOAN, TOOL, Hand
from tests.flow.events.shop import CANARY

Deed = Callable[[Hand, random.Random], Awaitable[None]]

#: Few, so that writers meet.
HOT_TOOLS, HOT_LOANS = 10, 6
#: More than one event can carry.
_OVERSIZED = 70 * 1024
_ODD_TEXTS = (
    "9223372036854775807",
    "'; --",
    '"\\"',
    "\n\t",
    "𠮷野家",
    "e\u0301",
    "%_",
    "{}",
    "\u2028",
    "null",
    "\\N",
    " ",
)


def _tool(chance: random.Random) -> str:
    return f"t{chance.randrange(HOT_TOOLS)}"


def _made(mark: int) -> str:
    day = date.fromordinal(650_000 + mark)
    return f"{day.year}-{day.month}-{day.day}"


def _values(mark: int) -> dict[str, Any]:
    """Each of them bears the mark, so that whoever sees any one knows the write."""
    return {
        "nm": f"n{mark}",
        "made": _made(mark),
        "holder": f"{CANARY['holder']}{mark}",
        "remark": f"{CANARY['remark']}{mark}",
        "price": Decimal(mark) / 100,
    }


async def create(hand: Hand, chance: random.Random, **other: Any) -> None:
    row = {"no": _tool(chance), **_values(hand.mark()), **other}
    await hand.wrote(TOOL, f"{_insert(row)} ON CONFLICT DO NOTHING", *row.values())


async def upsert(hand: Hand, chance: random.Random) -> None:
    row = {"no": _tool(chance), **_values(hand.mark())}
    over = ", ".join(f"{one} = excluded.{one}" for one in row)
    await hand.wrote(TOOL, f"{_insert(row)} ON CONFLICT (no) DO UPDATE SET {over}", *row.values())


async def change(hand: Hand, chance: random.Random) -> None:
    """Some columns only: what one audience sees may stay as it was."""
    values = _values(hand.mark())
    some = {one: values[one] for one in chance.sample(sorted(values), chance.randint(1, 3))}
    sets = ", ".join(f"{one} = ?" for one in some)
    await hand.wrote(TOOL, f"UPDATE ws_tool SET {sets} WHERE no = ?", *some.values(), _tool(chance))


async def touch(hand: Hand, chance: random.Random) -> None:
    """An update that changes nothing."""
    await hand.wrote(TOOL, "UPDATE ws_tool SET nm = nm WHERE no = ?", _tool(chance))


async def delete(hand: Hand, chance: random.Random) -> None:
    await hand.removed(TOOL, "no = ?", _tool(chance))


async def replace(hand: Hand, chance: random.Random) -> None:
    """Deleted and created again, alike or not."""
    for row in await hand.removed(TOOL, "no = ?", _tool(chance)):
        again = {**row, **(_values(hand.mark()) if chance.random() < 0.5 else {})}
        await hand.wrote(TOOL, _insert(again), *again.values())


async def rekey(hand: Hand, chance: random.Random) -> None:
    old, new = chance.sample(range(HOT_TOOLS), 2)
    values = (f"t{new}", f"n{hand.mark()}", f"t{old}", f"t{new}")
    there = "NOT EXISTS (SELECT 1 FROM ws_tool WHERE no = ?)"
    if await hand.wrote(TOOL, f"UPDATE ws_tool SET no = ?, nm = ? WHERE no = ? AND {there}", *values):
        await hand.gone(TOOL, (f"t{old}",))


async def bulk(hand: Hand, chance: random.Random) -> None:
    """One statement over many records: their prices stay apart from each other's and from all others'."""
    mark = hand.mark()
    await hand.wrote(TOOL, "UPDATE ws_tool SET price = ?, made = ? WHERE no < ?", Decimal(mark) / 100,
                     _made(mark), _tool(chance))  # fmt: skip


async def odd(hand: Hand, chance: random.Random) -> None:
    await create(hand, chance, nm=f"n{hand.mark()}{chance.choice(_ODD_TEXTS)}")


async def oversized(hand: Hand, chance: random.Random) -> None:
    await create(hand, chance, nm=f"n{hand.mark()}" + "大" * (_OVERSIZED // 3))


async def reload(hand: Hand, chance: random.Random) -> None:
    """The nightly reload: delete all, insert all, a few different."""
    await _fill(hand, chance, await hand.removed(TOOL, "1 = 1"))


async def empty(hand: Hand, chance: random.Random) -> None:
    """All at once; and perhaps some of it again, in the same transaction. What others insert comes later."""
    rows = await hand.emptied(TOOL)
    await _fill(hand, chance, chance.sample(rows, chance.choice((0, len(rows) // 2, len(rows)))))


async def _fill(hand: Hand, chance: random.Random, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if chance.random() < 0.1:
            row.update(_values(hand.mark()))
    if rows:
        places = ", ".join("(" + ", ".join("?" for _ in row) + ")" for row in rows)
        columns = ", ".join(rows[0])
        values = [value for row in rows for value in row.values()]
        await hand.wrote(TOOL, f"INSERT INTO ws_tool ({columns}) VALUES {places}", *values)


async def lend(hand: Hand, chance: random.Random) -> None:
    row = {"who": f"b{chance.randrange(HOT_LOANS)}", "n": 1, "lent": _moment(hand.mark())}
    over = "ON CONFLICT (who, n) DO UPDATE SET lent = excluded.lent"
    await hand.wrote(LOAN, f"INSERT INTO ws_loan (who, n, lent) VALUES (?, ?, ?) {over}", *row.values())


async def lend_again(hand: Hand, chance: random.Random) -> None:
    """The count is part of the key: one record ends, another begins."""
    who = f"b{chance.randrange(HOT_LOANS)}"
    newest = "(SELECT max(n) FROM ws_loan WHERE who = ?)"
    for who_now, count in await hand.wrote(
        LOAN, f"UPDATE ws_loan SET n = n + 1 WHERE who = ? AND n = {newest}", who, who
    ):
        await hand.gone(LOAN, (who_now, count - 1))


async def give_back(hand: Hand, chance: random.Random) -> None:
    await hand.removed(LOAN, "who = ?", f"b{chance.randrange(HOT_LOANS)}")


async def half_taken_back(hand: Hand, chance: random.Random) -> None:
    """A savepoint, and back to it."""
    noted = hand.noted
    await hand.say("SAVEPOINT half")
    await chance.choice((upsert, delete, rekey))(hand, chance)
    await hand.say("ROLLBACK TO SAVEPOINT half")
    hand.noted = noted


#: How often each is done, in proportion.
DEEDS: dict[Deed, int] = {
    create: 6,
    upsert: 6,
    change: 12,
    touch: 1,
    delete: 6,
    replace: 4,
    rekey: 4,
    bulk: 3,
    odd: 2,
    oversized: 1,
    reload: 2,
    empty: 1,
    lend: 5,
    lend_again: 3,
    give_back: 2,
    half_taken_back: 2,
}

#: What stood before there was any capture.
FIRST: tuple[Deed, ...] = (*(create,) * HOT_TOOLS, oversized, odd, *(lend,) * HOT_LOANS)


def _insert(row: dict[str, Any]) -> str:
    return f"INSERT INTO ws_tool ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})"


def _moment(mark: int) -> datetime:
    return datetime(2026, 1, 1) + timedelta(seconds=mark)  # noqa: DTZ001 the column has no zone
