"""Any question over any table: both databases answer what the semantics say, row for row and in order."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seams.stores import asking
from tests.seams.stores.asking import Question, Row
from tests.seams.stores.conftest import Store
from tests.seams.stores.judging import expected, walked

pytestmark = pytest.mark.asyncio(loop_scope="module")


@settings(max_examples=settings().max_examples * 2 // 3)
@given(
    rows=asking.tables(),
    questions=st.lists(asking.questions(), min_size=1, max_size=8),
    size=st.integers(1, 5),
)
async def test_any_question_is_answered_as_the_semantics_say(
    stores: Sequence[Store], rows: list[Row], questions: list[Question], size: int
) -> None:
    for store in stores:
        await store.fill(rows)
        for query in (one.query for one in questions):
            wanted = expected(query, rows)
            assert await store.source.count(query) == len(wanted), store.name
            assert await walked(store.source, query, size) == wanted[query.offset :], store.name
