"""What is kept within a bound: made once while it is asked for, and given up first when it was not."""

import asyncio
from collections.abc import Callable

from services.engine.source.sql.kept import Kept


def _making(made: list[str], what: str) -> Callable[[], str]:
    def make() -> str:
        made.append(what)
        return what

    return make


async def test_what_was_asked_for_least_lately_goes_first() -> None:
    made: list[str] = []
    kept = Kept[str](10, len)
    for what in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        assert await kept.get(what, _making(made, what), slow=False) == what
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


async def test_what_is_over_the_bound_by_itself_is_given_and_not_kept() -> None:
    made: list[str] = []
    kept = Kept[str](3, len)
    assert (
        [await kept.get("k", _making(made, "long"), slow=False) for _ in range(2)] == ["long", "long"] == made
    )


async def test_what_two_ask_for_at_a_time_counts_once() -> None:
    made: list[str] = []
    kept = Kept[str](8, len)
    await asyncio.gather(*(kept.get("k", _making(made, "aaaa"), slow=True) for _ in range(3)))
    await kept.get("b", _making(made, "bbbb"), slow=False)
    before = len(made)
    for key in ("k", "b"):
        await kept.get(key, _making(made, "again"), slow=False)
    assert len(made) == before
