"""A major from the notice of its end to the refusal at its department and at the gateway, while another goes on."""

from datetime import timedelta
from typing import Any

import httpx

from schemas.law.sharing.limits import legal_day
from services.cli.world.plan import DIVISION, OFFICE
from services.cli.world.world import World
from services.engine.api.app import utc_now
from tests.flow.office import asking
from tests.waiting import until_sync

_NAME = "licences"
_ENTRY = f"{DIVISION}.{asking.KIND}.{_NAME}:1.0.0"
_ASKED = f"/records/{asking.KIND}/{_NAME}?select=licence_no&limit=1"
_NINETY = timedelta(days=90)


def _get(world: World, url: str, version: int) -> httpx.Response:
    """A question by a member who needs no grant for it."""
    with asking.client(world, "approvals", "case:330200-2026-000001") as member:
        return member.get(url + _ASKED, headers={"Contract-Version": str(version)})


def _at_office(world: World, method: str, path: str) -> dict[str, Any]:
    """What the office answers to one of its own officers."""
    with asking.client(world, OFFICE, "case:330200-2026-000001") as officer:
        found: dict[str, Any] = officer.request(method, world.plan.department(OFFICE).url + path).json()
        return found


def test_a_major_is_served_until_its_day_its_users_are_known_and_then_it_is_no_more(world: World) -> None:
    department, gateway = world.plan.department(asking.KIND).url, world.plan.gateway_url
    assert _get(world, department, 1).status_code == 200
    ends = legal_day(utc_now()) + _NINETY
    asking.take(
        world, OFFICE, f"entries/{_ENTRY}/retirement-noticed", ends=str(ends), reason="another is there"
    )
    until_sync(lambda: "sunset" in _get(world, department, 1).headers, asking.SOON, "the notice stands there")
    until_sync(lambda: "sunset" in _get(world, gateway, 1).headers, 20, "the gateway has read its catalogue")
    listed: dict[str, Any] = {}

    def told() -> bool:
        listed.update(_at_office(world, "GET", f"/office/entries/{_ENTRY}/users"))
        return listed["told_on"] is not None

    until_sync(told, 20, "the department has told who uses it")
    days = {one["member"]: one["last_used_on"] for one in listed["users"]}
    assert days[f"{DIVISION}.approvals"] == str(legal_day(utc_now()))
    moved = _at_office(world, "POST", f"/office/civil-time?ahead_days={_NINETY.days}")
    assert moved["today"] >= str(ends)
    for url in (department, gateway):
        until_sync(lambda url=url: _get(world, url, 1).status_code == 410, asking.SOON, "it is no more")  # type: ignore[misc]
        refused = _get(world, url, 1).json()
        assert (refused["code"], refused["instead"]) == ("major-retired", 2)
        assert _get(world, url, 2).status_code == 200
