"""A major from the notice of its end to the refusal at its department and at the gateway, while another goes on."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_kind
from schemas.law.sharing.limits import legal_day
from schemas.wire.topics import Audience, Topic
from services.cli.world.plan import DIVISION, ENVIRONMENT, OFFICE
from services.cli.world.world import World
from services.engine.api.app import utc_now
from services.engine.capture.snapshot import SHOWING
from services.engine.relay.kafka_topics import KafkaTopics
from services.engine.settings import Settings
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
    _is_told_no_more(world)


def _is_told_no_more(world: World) -> None:
    """A write by the department's own program reaches the topics of the major that goes on, and of it alone."""
    file = world.plan.department(asking.KIND).database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=20)) as database:
        shown = f"SELECT value FROM lq_state WHERE name = '{SHOWING}{asking.KIND}.{_NAME}'"
        until_sync(lambda: "v1." not in database.execute(shown).fetchone()[0], 20, "the relay knows")
        ended, going = _ends(world, 1), _ends(world, 2)
        with database:
            database.execute("UPDATE dw_nb_scjdgl_xzxk SET lic_nm = lic_nm || '甲'")
        until_sync(lambda: _ends(world, 2) > going, 20, "the other major is told")
        unsent = "SELECT count(*) FROM lq_outbox WHERE sent_at IS NULL"
        until_sync(lambda: database.execute(unsent).fetchone() == (0,), 20, "all is told")
    assert _ends(world, 1) == ended


def _ends(world: World, major: int) -> int:
    """How far the topics of a major reach, all together."""
    one = world.plan.department(asking.KIND)
    settings = Settings(
        kind=asking.KIND,
        division=DIVISION,
        database_url=SecretStr(one.database_url),
        pseudonym_key_file=one.folder / "pseudonym.key",
        bootstrap_servers=world.plan.bootstrap,
    )
    dataset = f"{asking.KIND}.{_NAME}"
    partitions = Catalogue(load_kind(asking.KIND)).contract(dataset, major).partitions
    topics = {
        str(Topic(ENVIRONMENT, DIVISION, dataset, major, one)): 1 if one is Audience.CONTROL else partitions
        for one in Audience
    }
    return sum(asyncio.run(KafkaTopics(settings).ends(topics)).values())
