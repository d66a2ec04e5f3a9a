"""Hypothesis profiles for the whole tree (moderate at a desk, the same examples every time on the build machine), which
tests the normal run leaves to the live tier, and the one PostgreSQL server of a test run."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.leftovers import close_what_is_left_open
from tests.postgresql import FreshDatabase, postgresql_server

_SHARED = {
    "deadline": None,
    "suppress_health_check": (HealthCheck.too_slow, HealthCheck.function_scoped_fixture),
}

settings.register_profile("default", max_examples=40, **_SHARED)
settings.register_profile("ci", max_examples=40, derandomize=True, print_blob=True, **_SHARED)
settings.register_profile("deep", max_examples=2_000, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


close_what_is_left_open()


@pytest.fixture(scope="session")
def fresh_postgresql() -> Iterator[FreshDatabase]:
    """Gives the address of a new, empty database at each call; the server starts with the first test that asks."""
    with postgresql_server() as fresh:
        yield fresh


#: Where the same story is told on both databases. What differs between these is on trial in `tests/seams` in every
#: run.
_TOLD_TWICE = (
    "tests/services/engine/relay",
    "tests/services/engine/capture",
    "tests/flow/events",
    "tests/flow/processes",
)
#: Each folder in here has running processes that its tests share.
_SHARING = "tests/flow/"
#: What takes long: hunts for what the others do not show, and drills of many processes under load, each of whose parts
#: is on trial by itself in every run.
_LONG = (
    "tests/crash",
    "tests/flow/evidence/test_passed_on.py",
    "tests/flow/failover",
    "tests/flow/office/test_corrections.py",
    "tests/flow/office/test_rotation.py",
    "tests/flow/processes/test_access_log.py",
    "tests/flow/processes/test_ending.py",
    "tests/flow/rotation",
    "tests/services/engine/relay/test_chaos.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The second telling is the live tier's, and so are the hunts: the normal run stays short."""
    for item in items:
        parameters = (
            item.callspec.params.values()
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else ()
        )
        told_twice = item.nodeid.startswith(_TOLD_TWICE) and "postgresql" in parameters
        if told_twice or item.nodeid.startswith(_LONG):
            item.add_marker(pytest.mark.live)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Where workers share the tests out."""
    return _ByFile(config, log)


class _ByFile(LoadScopeScheduling):
    """A file stays with one worker, and a folder whose tests share running processes."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "/".join(file.split("/")[:3]) if file.startswith(_SHARING) else file
