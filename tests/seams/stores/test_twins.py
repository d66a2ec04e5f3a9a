"""Each codec and its twin in SQL say the same of any stored spelling, not only of those that are known to occur."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.query.bound import BoundColumn, BoundCondition, BoundOrder, BoundQuery
from schemas.query.tree import Operator
from services.engine.mapping.model import Stored
from tests.seams.stores import depot
from tests.seams.stores.asking import Row
from tests.seams.stores.conftest import Store
from tests.seams.stores.judging import expected, walked

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DIGITS = st.text(st.sampled_from("0123456789+-. e"), max_size=34)
_TIMES = r"(1[89]|20)[0-9]{2}-(0[0-9]|1[0-3])-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,7})?"
#: Spellings that look like an item's own. Of amounts in a numeric column SQLite keeps fifteen digits.
_LIKELY: dict[str, st.SearchStrategy[Stored]] = {
    "name": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
    "owner": st.text(st.sampled_from("aAzZ9ßéÉ甬\\nN"), max_size=4),
    "staff": _DIGITS,
    "floor": st.integers(-(2**31), 2**31 - 1),
    "capital": _DIGITS | st.decimals(allow_nan=False, allow_infinity=False, places=2).map("{:f}".format),
    "fee": st.decimals(-9_999_999, 9_999_999, places=2),
    "since": st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True),
    "due": st.dates(*depot.DAYS),
    "seen_at": st.from_regex(_TIMES, fullmatch=True),
    "changed_at": st.datetimes(*depot.TIMES),
}


@pytest.mark.parametrize("item", _LIKELY)
@settings(max_examples=settings().max_examples // 3)
@given(data=st.data())
async def test_what_is_sorted_filtered_and_shown_is_what_the_codec_reads(
    stores: Sequence[Store], item: str, data: st.DataObject
) -> None:
    rows = [_row(place, item, data.draw(_LIKELY[item])) for place in range(8)]
    field = depot.ITEMS[item]
    operator = data.draw(st.sampled_from([Operator.LT, Operator.EQ, Operator.GTE]))
    bound = depot.read(data.draw(st.sampled_from(rows)))[item]
    compared = BoundCondition(
        field, operator if bound is not None else Operator.IS, bound, data.draw(st.booleans())
    )
    for where in ((), (compared,)):
        query = BoundQuery(
            depot.contract(),
            (BoundColumn(item, field),),
            where=where,
            order=(BoundOrder(field, False, False),),
        )
        for store in stores:
            await store.fill(rows)
            assert await walked(store.source, query, 100) == expected(query, rows), store.name


def _row(place: int, item: str, stored: Stored) -> Row:
    return {**dict.fromkeys(depot.ITEMS), "code": "K", "nth": place, item: stored}
