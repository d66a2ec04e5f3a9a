"""The strict county, and the oracle beside it, for the tests of this folder."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.flow.federation import canaries
from tests.flow.federation.one_database import OneDatabase
from tests.flow.federation.pair import Pair
from tests.flow.questions.hostile import Hostile
from tests.flow.questions.strict import Strict, strict_county


@pytest.fixture(scope="session")
def strict(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    """The running strict county, with empty tables."""
    made = strict_county(tmp_path_factory.mktemp("strict"))
    yield runner.run(made.__aenter__())
    runner.run(made.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def strict_pair(runner: asyncio.Runner, strict: Strict, one_database: OneDatabase) -> Pair:
    return Pair(runner, strict.county, one_database)


@pytest.fixture(scope="module")
def hostile(runner: asyncio.Runner, strict: Strict) -> Iterator[Hostile]:
    runner.run(strict.county.load(canaries.contents()))
    client = httpx.AsyncClient(trust_env=False)
    yield Hostile(strict, client)
    runner.run(client.aclose())
