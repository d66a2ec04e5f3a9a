"""A request from its application to the department's answer, and from its suspension to the department's refusal."""

import asyncio
from itertools import islice
from typing import Any

from schemas.wire.event import Event
from schemas.wire.topics import Audience, Topic
from services.cli.world.plan import DIVISION, ENVIRONMENT, OFFICE
from services.cli.world.world import World
from services.client.topics import follow
from services.engine.log.recent import entries_backwards
from tests.flow.office import asking
from tests.waiting import until_sync


def test_a_request_is_granted_answered_suspended_and_refused_and_each_step_is_an_event(world: World) -> None:
    request_id = asking.granted(world)
    beyond = {"second": "head-2", "reason": "used beyond its purpose", "mend_by": "2036-05-01"}
    asking.take(world, asking.KIND, f"requests/{request_id}/suspended", **beyond)
    asking.soon(world, request_id, 403)
    told = asyncio.run(_steps_of(world, request_id, 4))
    assert [(one["kind"], one["party"]) for one in told] == [
        ("applied", "requester"),
        ("agreed", "provider"),
        ("delivered", "provider"),
        ("suspended", "provider"),
    ]
    assert all("officer" not in one and "facts" not in one for one in told), "names need a grant"


def test_a_question_over_items_on_condition_of_two_departments_needs_a_grant_of_each_and_names_both(
    world: World,
) -> None:
    grants = [asking.granted(world), asking.granted(world, asking.OF_RESIDENTS)]
    question = {"select": "name,resident!inner(name)", "limit": "3"}

    def refused(one: str) -> bool:
        answer = asking.through_the_gateway(world, question, one)
        assert answer.status_code == 403, "one grant is not enough, from the first moment on"
        return bool(answer.json()["code"] == "grant-required")

    for one in grants:
        until_sync(lambda one=one: refused(one), asking.SOON, "the other department knows the grant's name")
    for both in (grants, grants[::-1]):
        answer = asking.through_the_gateway(world, question, *both)
        assert answer.status_code == 200, answer.text
        assert [one["name"] for one in answer.json()] == [one["resident"]["name"] for one in answer.json()]
        assert len(answer.json()) == 3
    leaned = [_leaned_on(world, kind) for kind in (asking.KIND, asking.OTHER)]
    assert leaned == [(f"grant:{grants[1]},{grants[0]}", one) for one in grants], "each on its own"


def test_what_one_department_granted_is_a_purpose_at_another_and_hides_there_and_what_nobody_granted_is_none(
    world: World,
) -> None:
    residents = asking.OF_RESIDENTS["dataset"]
    exempt = asking.granted(world, untold="监察法 第十八条")

    def known(purpose: str) -> int:
        return asking.asked(world, purpose, residents, "division")

    until_sync(lambda: known(exempt) == 200, asking.SOON, "the other department knows the grant's name")
    [last] = islice(entries_backwards(world.plan.department(asking.OTHER).access_log), 1)
    assert (last.said["purpose"], last.said["untold"]) == (f"grant:{exempt}", "监察法 第十八条")
    assert [known(f"{exempt},none"), known("none")] == [200, 403]
    beyond = {"second": "head-2", "reason": "used beyond its purpose", "mend_by": "2036-05-01"}
    asking.take(world, asking.KIND, f"requests/{exempt}/suspended", **beyond)
    until_sync(lambda: known(exempt) == 403, asking.SOON, "the other department forgets it")


def _leaned_on(world: World, kind: str) -> tuple[str, str]:
    """Purpose and grant of the last answer by a grant, as a department's access log says them."""
    last = next(
        one.said for one in entries_backwards(world.plan.department(kind).access_log) if "grant" in one.said
    )
    return last["purpose"], last["grant"]


def test_how_often_it_may_be_used_is_agreed_at_the_office_and_holds_at_the_department(world: World) -> None:
    request_id = str(asking.take(world, "approvals", "requests", **asking.FORM)["request_id"])
    asking.take(world, asking.KIND, f"requests/{request_id}/agreed", second="head-2", quota_per_day=2)
    asking.take(world, asking.KIND, f"requests/{request_id}/delivered")
    asking.soon(world, request_id, 200)
    assert [asking.asked(world, request_id) for _ in range(2)] == [200, 429]


def test_an_office_that_is_away_takes_nothing_away_and_a_restart_of_the_department_neither(
    world: World,
) -> None:
    request_id = asking.granted(world)
    world.children[OFFICE].kill()
    world.children[asking.KIND].kill()
    world.launch_department(asking.KIND)
    world.wait_ready(asking.KIND, world.plan.department(asking.KIND).url)
    assert asking.asked(world, request_id) == 200
    world.launch_department(OFFICE)
    world.wait_ready(OFFICE, world.plan.department(OFFICE).url)


async def _steps_of(world: World, request_id: str, count: int) -> list[dict[str, Any]]:
    """What the topic tells of a request's steps, in their order."""
    topic = Topic(ENVIRONMENT, DIVISION, f"{OFFICE}.request_steps", 1, Audience.SHARED)
    found: dict[int, dict[str, Any]] = {}
    following = follow(world.plan.bootstrap, [str(topic)], from_start=True)

    def note(event: Event) -> None:
        data = event.data or {}
        if data.get("request_id") == request_id:
            found[data["number"]] = data

    try:
        async with asyncio.timeout(20):
            async for event in following:
                note(event)
                if len(found) == count:
                    break
    finally:
        await following.close()
    return [found[number] for number in sorted(found)]
