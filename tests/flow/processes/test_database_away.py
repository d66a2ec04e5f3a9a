"""A department's database goes away: callers are told at once and asked to come again; it returns, and all is well."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from schemas.wire import headers
from services.cli.world.plan import DepartmentPlan
from services.cli.world.world import World
from services.client.profile import Profile
from tests.messages import signing
from tests.waiting import until_sync

_KIND = "natural_resources"
_RECORDS = "/records/natural_resources/property_certificates"
_ASKED = {"select": "use,registered_on", "limit": "1"}


def test_callers_are_told_that_the_database_is_away_and_when_to_come_again(world: World) -> None:
    department = world.plan.department(_KIND)
    member = Profile.load(world.plan.profiles / "approvals.json")
    with httpx.Client(
        headers=member.headers(), auth=signing(member), params=_ASKED, trust_env=False
    ) as caller:
        before = caller.get(f"{department.url}{_RECORDS}").json()
        with _away(department):
            until_sync(lambda: _ready(department) is False, what="health says that it is not ready")
            refused = caller.get(f"{department.url}{_RECORDS}")
            assert (refused.status_code, refused.json()["code"]) == (503, "database-away")
            assert int(refused.headers["Retry-After"]) > 0
            federated = caller.get(f"{world.plan.gateway_url}{_RECORDS}")
            assert federated.status_code == 503
            assert f"330200.{_KIND}" in federated.text
            assert _envelope(caller, world)["complete"] is False
        until_sync(lambda: _ready(department), what="health says that it is ready again")
        assert caller.get(f"{department.url}{_RECORDS}").json() == before
        assert _envelope(caller, world)["complete"] is True


@contextmanager
def _away(department: DepartmentPlan) -> Iterator[None]:
    file = Path(department.database_url.removeprefix("sqlite:///"))
    elsewhere = file.with_suffix(".elsewhere")
    file.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(file)


def _ready(department: DepartmentPlan) -> bool:
    answer = httpx.get(f"{department.url}/health", trust_env=False)
    return answer.status_code == 200 and bool(answer.json()["ready"])


def _envelope(caller: httpx.Client, world: World) -> dict[str, Any]:
    answer: dict[str, Any] = caller.get(
        f"{world.plan.gateway_url}{_RECORDS}", headers={"Accept": headers.ANSWER}
    ).json()
    return answer
