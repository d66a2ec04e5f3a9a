"""The ends of majors beside the records: of several services the one with the newest document is heard."""

from datetime import UTC, datetime, timedelta

from schemas.law.sharing.limits import legal_day
from schemas.trust.grants import Grants
from schemas.trust.retiring import Retirement
from services.engine.capture import retired, state
from services.engine.capture.attach import attach
from services.engine.ends_kept import ends_kept
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.stores import Store, patience, reused_postgresql, store
from tests.waiting import until

__all__ = ["patience", "reused_postgresql", "store"]

_FIRST = frozenset({(workshop.TOOLS, 1)})


def _document(number: int, *majors: int) -> Grants:
    """One that ended these majors of the tools today."""
    now = datetime.now(UTC)
    ends = [Retirement(workshop.TOOLS, one, now - timedelta(days=90), legal_day(now)) for one in majors]
    return Grants(number, now, retiring={(one.dataset, one.major): one for one in ends})


async def test_the_newest_document_is_heard_whichever_service_holds_it(store: Store) -> None:
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    behind, newest = _document(2, 2), _document(3, 1)
    asked: list[Grants] = []

    async def kept(expected: frozenset[tuple[str, int]]) -> bool:
        return await store.database.read(retired.over) == expected

    def lagging() -> Grants:
        asked.append(behind)
        return behind

    async with ends_kept(store.database, lambda: newest), ends_kept(store.database, Grants):
        await until(lambda: kept(_FIRST))
    async with ends_kept(store.database, lagging):
        # Asked again, it has done with what it held before.
        await until(lambda: len(asked) > 1)
        assert await kept(_FIRST)
    await store.database.write(state.forget, ["ends"])
    async with ends_kept(store.database, lambda: newest):
        await until(lambda: kept(_FIRST))
        newest = _document(4)
        await until(lambda: kept(frozenset()))
