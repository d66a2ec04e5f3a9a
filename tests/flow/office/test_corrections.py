"""A correction request among real processes: mended is what the department answers and its topic shows, of an item on
condition too."""

import sqlite3
from contextlib import closing
from typing import Any

from services.cli.world.plan import OFFICE
from services.cli.world.world import World
from tests.flow.office import asking
from tests.waiting import until_sync

_TABLE = "dw_zj_scjdgl_fddbrxx"


def _read(world: World, request_id: str) -> dict[str, Any]:
    """Some record with its name, as whoever holds the grant receives it."""
    path = "legal_representatives?select=record_id,record_version,name&limit=1"
    with asking.client(world, "approvals", f"grant:{request_id}") as client:
        [record] = client.get(f"{world.plan.department(asking.KIND).url}/records/{asking.KIND}/{path}").json()
    found: dict[str, Any] = record
    return found


def _to_mend(world: World, correction_id: str) -> list[dict[str, Any]]:
    """What the member that asked is told that it has to acknowledge."""
    with asking.client(world, "approvals", "case:330200-2026-000001") as client:
        page = client.get(f"{world.plan.department(OFFICE).url}/office/deadlines?within=20").json()
    return [one for one in page["deadlines"] if one["id"] == correction_id and one["systems"]]


def _renamed(world: World, old: str, new: str) -> None:
    """By an old program of the department, in plain SQL."""
    url = world.plan.department(asking.KIND).database_url
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
        changed = database.execute(f"UPDATE {_TABLE} SET nm = ? WHERE nm = ?", (new, old))
        assert changed.rowcount >= 1


def test_it_is_closed_once_the_item_has_changed_and_the_change_is_published(world: World) -> None:
    request_id = asking.granted(world)
    record = _read(world, request_id)
    epoch, _, version = record["record_version"].partition(".")
    _renamed(world, record["name"], "测试·改名")
    # Filed of a version that is not the present one any more: what has changed before shows nothing.
    filed = asking.take(
        world,
        "approvals",
        "corrections",
        dataset=asking.DATASET,
        record=record["record_id"],
        item="name",
        epoch=int(epoch),
        version=int(version),
        reason="改名",
        by_subject=True,
    )
    path = f"corrections/{filed['correction_id']}/corrected"
    asking.until_refused(world, asking.KIND, path, "not-corrected")
    _renamed(world, "测试·改名", "测试·更正")
    told = asking.take(world, asking.KIND, path)
    assert (told["state"], told["steps"]) == ("corrected", ["corrected"])
    assert told["corrected_version"] != record["record_version"]
    # Nobody says who received the name: the office reads it out of the department's access log.
    until_sync(lambda: _to_mend(world, filed["correction_id"]), 20, "whoever received it is told")
    [found] = _to_mend(world, filed["correction_id"])
    assert (found["systems"], found["record"]) == (["330200.approvals/window"], record["record_id"])
    assert found["corrected_version"] == told["corrected_version"]
    acknowledged = asking.take(world, "approvals", f"corrections/{filed['correction_id']}/acknowledged")
    assert (acknowledged["open_systems"], acknowledged["clock"]) == (0, None)
