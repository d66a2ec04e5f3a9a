"""Opening a department's SQL database as its record source; called by `node`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.engine.mapping.model import Mapping
from services.engine.pseudonym_keys import PseudonymKeys, only
from services.engine.settings import Settings
from services.engine.source.sql.driver import Driver
from services.engine.source.sql.naming import Naming
from services.engine.source.sql.postgresql import PostgresqlDriver
from services.engine.source.sql.source import SqlSource
from services.engine.source.sql.sqlite import SqliteDriver


class BadDatabaseUrl(ValueError):
    """The address is no sqlite:///… or postgresql://…; never says the address, which may hold a password."""

    def __init__(self) -> None:
        super().__init__("database_url takes sqlite:///file or postgresql://user@host/database")


@asynccontextmanager
async def open_source(
    mappings: Sequence[Mapping], settings: Settings, keys: PseudonymKeys | bytes
) -> AsyncIterator[SqlSource]:
    """The source over the settings' database, connected when first used; closed with the block.

    `keys` make record ids: those of the node, or one that stays. Raises BadDatabaseUrl.
    """
    driver = _driver(settings)
    named_by = only(keys) if isinstance(keys, bytes) else keys
    lowest = {one.contract.dataset: one for one in sorted(mappings, key=_major, reverse=True)}
    naming = Naming(settings.database_url.get_secret_value(), list(lowest.values()), named_by)
    source = SqlSource(driver, naming, mappings, named_by)
    try:
        yield source
    finally:
        await source.close()


def _major(mapping: Mapping) -> int:
    return mapping.contract.major


def _driver(settings: Settings) -> Driver:
    try:
        url = make_url(settings.database_url.get_secret_value())
    except ArgumentError:
        raise BadDatabaseUrl from None
    budget, at_a_time = settings.statement_budget_ms / 1_000, settings.database_connections
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database:
        return SqliteDriver(url.database, budget, at_a_time)
    if backend == "postgresql":
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresqlDriver(plain, budget, at_a_time)
    raise BadDatabaseUrl
