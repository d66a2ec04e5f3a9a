"""Who used what retires, as a log says it: each with the day of its last use, whatever was read before."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from schemas.law.sharing.limits import legal_day
from schemas.trust.entries import Act, Entry
from services.engine.log.store import Store
from services.engine.log.uses import LastUses
from tests.services.engine.log.desk import NOON, entry, store

_TOOLS, _LOANS = ("workshop.tools", 1), ("workshop.loans", 1)
_TODAY = legal_day(NOON)
_DAY = timedelta(days=1)


def _used(member: str | None, days_ago: int = 0, **changed: Any) -> Entry:
    said: dict[str, Any] = {"act": Act.READ, "dataset": "workshop.tools", "major": 1, "member": member}
    return replace(entry(), at=NOON - days_ago * _DAY, **{**said, **changed})


def _log(folder: Path) -> Store:
    """A log of many small segments."""
    return store(folder, segment_bytes=600)


async def _found(uses: LastUses, days: int = 30) -> dict[str, date]:
    [found] = await uses.look([_TOOLS], _TODAY - days * _DAY)
    return dict(found.used)


async def test_each_member_is_named_with_the_day_of_its_last_use(tmp_path: Path) -> None:
    _log(tmp_path).write(
        [
            _used("long-ago", 40),
            _used("a", 9),
            _used("b", 8, act=Act.COUNT),
            _used("a", 3, act=Act.LOOKUP),
            _used("c", 2, major=2),
            _used("d", 2, dataset="workshop.loans"),
            _used("e", 2, act=Act.VIEW),
            _used("f", 1, act=Act.VERIFY),
            _used("broker", 1, on_behalf="client"),
            _used("owner", act=Act.WRITE),
            _used(None),
            entry(),
        ]
    )
    days = {"a": 3, "b": 8, "f": 1, "broker": 1, "client": 1, "owner": 0, "": 0}
    assert await _found(LastUses(tmp_path)) == {who: _TODAY - ago * _DAY for who, ago in days.items()}


async def test_what_is_written_later_is_added_and_what_is_too_long_ago_falls_away(tmp_path: Path) -> None:
    log, uses = _log(tmp_path), LastUses(tmp_path)
    assert await _found(uses) == {}
    log.write([_used("a", 20), _used("b", 20)])
    assert set(await _found(uses)) == {"a", "b"}
    log.write([_used("a", 1)])
    assert await _found(uses) == {"a": _TODAY - _DAY, "b": _TODAY - 20 * _DAY}
    assert set(await _found(uses, days=10)) == {"a"}


async def test_another_major_that_retires_is_found_in_what_was_read_before(tmp_path: Path) -> None:
    _log(tmp_path).write([_used("a"), _used("b", dataset="workshop.loans")])
    uses = LastUses(tmp_path)
    assert set(await _found(uses)) == {"a"}
    both = await uses.look([_TOOLS, _LOANS], _TODAY)
    assert {one.dataset: set(one.used) for one in both} == {"workshop.tools": {"a"}, "workshop.loans": {"b"}}


_WRITTEN = some.lists(
    some.lists(
        some.tuples(
            some.sampled_from(["a", "b", "c"]), some.integers(0, 1), some.sampled_from([Act.READ, Act.VIEW])
        ),
        max_size=8,
    ),
    max_size=5,
)


@given(written=_WRITTEN)
@settings(max_examples=25, deadline=None)
async def test_looking_now_and_then_finds_what_one_look_at_the_end_finds(
    written: list[list[tuple[str, int, Act]]], tmp_path_factory: Any
) -> None:
    folder: Path = tmp_path_factory.mktemp("log")
    log, uses = _log(folder), LastUses(folder)
    ago = sum(map(len, written))
    for some_entries in written:
        for member, major, act in some_entries:
            ago -= 1
            log.write([_used(member, ago, major=major, act=act)])
        await _found(uses, days=60)
    assert await _found(uses, days=60) == await _found(LastUses(folder), days=60)
