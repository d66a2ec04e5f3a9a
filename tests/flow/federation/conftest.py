"""The pair of county and one database for the tests of this folder."""

import asyncio

import pytest

from tests.flow.federation.one_database import OneDatabase
from tests.flow.federation.pair import Pair
from tests.flow.federation.running import County


@pytest.fixture(scope="module")
def pair(runner: asyncio.Runner, county: County, one_database: OneDatabase) -> Pair:
    return Pair(runner, county, one_database)
