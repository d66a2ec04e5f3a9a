"""Which datasets' tables have ceased to fit their mappings under the running service; asked by `source` for every
answer."""

from collections.abc import Mapping, Sequence

from services.engine.capture.fit import Misfit, columns_query, misfits
from services.engine.mapping.model import Mapping as TableMapping
from services.engine.source.port import DatasetStale
from services.engine.source.sql.driver import Driver
from services.engine.source.sql.statements import Statement


class Fitting:
    """How the tables looked last. `stale` has the datasets that do not fit."""

    def __init__(self, driver: Driver, mappings: Sequence[TableMapping]) -> None:
        self._driver = driver
        self._mappings = mappings
        self._query = Statement(
            columns_query(driver.dialect, {one.table.name for one in mappings}), (), quick=True
        )
        self.stale: Mapping[str, Misfit] = {}

    def require(self, dataset: str) -> None:
        """Raise DatasetStale for a dataset whose table did not fit when it was last looked at."""
        misfit = self.stale.get(dataset)
        if misfit is not None:
            raise DatasetStale(misfit.items)

    async def look(self) -> bool:
        """Look at the tables now; whether the answer is another than before. Raises SourceAway."""
        found = await self._driver.rows(self._query, ())
        before, self.stale = self.stale, misfits(self._mappings, self._driver.dialect, found)
        return before != self.stale
