"""The broker is killed: writes succeed, changes wait, health says so; it comes back, and everything is published."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import httpx

from schemas.wire.topics import Audience, Topic
from services.cli.world.plan import DIVISION, ENVIRONMENT, DepartmentPlan
from services.cli.world.world import World
from services.client.profile import Profile
from services.client.topics import follow
from tests.messages import signing
from tests.waiting import until_sync

_KIND, _DATASET, _TABLE = "credit", "credit.penalties", "dw_zj_fzgg_xzcfjdxx"
_TOPIC = str(Topic(ENVIRONMENT, DIVISION, _DATASET, 1, Audience.PUBLIC))


def test_nothing_is_lost_when_the_broker_is_killed_and_comes_back(world: World) -> None:
    """The embedded broker may forget what it acknowledged just before it was killed: that is published again."""
    department = world.plan.department(_KIND)
    _change_by_sql(department, "published before", "1")
    asyncio.run(asyncio.wait_for(_until_topic_equals(world, _table(department)), 40))
    world.children["broker"].kill()
    _change_by_sql(department, "changed by SQL while the broker was away", "rowid % 2 = 0")
    _change_by_rest(world, "changed over HTTP while the broker was away")
    until_sync(
        lambda: _says_that_changes_wait(department), timeout=20, what="health tells of waiting changes"
    )
    assert httpx.get(f"{department.url}/health", trust_env=False).status_code == 200, "readers need no broker"
    assert _health(department)["checks"]["outbox"]["unsent"] > 0
    world.start_broker()
    asyncio.run(asyncio.wait_for(_until_topic_equals(world, _table(department)), 40))
    until_sync(lambda: not _says_that_changes_wait(department), timeout=20, what="nothing waits any longer")


def _change_by_sql(department: DepartmentPlan, text: str, where: str) -> None:
    """Change some records of the table, as an old program would."""
    with closing(_open(department)) as database, database:
        changed = database.execute(f"UPDATE {_TABLE} SET case_name = ? WHERE {where}", (text,)).rowcount
    assert changed > 0


def _change_by_rest(world: World, text: str) -> None:
    """Change one record by the department's own system."""
    url = f"{world.plan.department(_KIND).url}/records/credit/penalties"
    own = Profile.load(world.plan.profiles / f"{_KIND}.json")
    with httpx.Client(headers=own.headers(), auth=signing(own), trust_env=False) as system:
        record = system.get(url, params={"select": "record_id,record_version", "limit": "1"}).json()[0]
        sent = {"If-Match": f'"{record["record_version"]}"', "Content-Type": "application/merge-patch+json"}
        answer = system.patch(f"{url}/{record['record_id']}", headers=sent, json={"case_name": text})
        assert answer.is_success, answer.text


def _table(department: DepartmentPlan) -> dict[str, str]:
    with closing(_open(department)) as database:
        return dict(database.execute(f"SELECT id, case_name FROM {_TABLE}").fetchall())


def _open(department: DepartmentPlan) -> sqlite3.Connection:
    return sqlite3.connect(department.database_url.removeprefix("sqlite:///"), timeout=10)


async def _until_topic_equals(world: World, table: dict[str, str]) -> None:
    """Fold the topic from its start until it says what the table says; the caller sets the deadline."""
    following = follow(world.plan.bootstrap, [_TOPIC], from_start=True)
    found: dict[str, Any] = {}
    try:
        async for event in following:
            found[event.subject] = event.data
            if {one["penalty_id"]: one["case_name"] for one in found.values() if one} == table:
                return
    finally:
        await following.close()


def _health(department: DepartmentPlan) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{department.url}/health", trust_env=False).json()
    return answer


def _says_that_changes_wait(department: DepartmentPlan) -> bool:
    return any("outbox" in reason for reason in _health(department)["reasons"])
