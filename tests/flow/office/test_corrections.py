"""A correction request among real processes: by the subject, whom a citizen-services system identified; mended is what
the department answers and its topic shows, of an item on condition too."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from schemas.law.identifiers import BadIdentifier, check_id_number
from schemas.trust.vouching import Vouched, filing, vouch
from services.cli.world.plan import OFFICE
from services.cli.world.world import World
from services.client.profile import Profile
from services.client.signing import utc_now
from tests.flow.office import asking
from tests.waiting import until_sync

_TABLE = "dw_zj_scjdgl_fddbrxx"


def _read(world: World, request_id: str) -> dict[str, Any]:
    """Some record with name and ID number of its person, as whoever holds the grant receives it."""
    path = "legal_representatives?select=record_id,record_version,name,id_number&limit=20"
    with asking.client(world, "approvals", f"grant:{request_id}") as client:
        found = client.get(f"{world.plan.department(asking.KIND).url}/records/{asking.KIND}/{path}").json()
    record: dict[str, Any] = next(one for one in found if _is_id_number(one["id_number"]))
    return record


def _is_id_number(text: str) -> bool:
    """Rather than a passport's."""
    try:
        return bool(check_id_number(text))
    except BadIdentifier:
        return False


def _file_at_the_desk(world: World, person: str, form: dict[str, Any]) -> dict[str, Any]:
    """A correction request by a person whom the city's desk of citizen services has identified."""
    desk = Profile.load(world.plan.profiles / "citizen_services.json")
    key = desk.key()
    assert key is not None
    use = filing(str(form["dataset"]), str(form["record"]))
    word = vouch(Vouched(desk.system, person, "identified:visit-1", utc_now(), use=use), key)
    with asking.client(world, "citizen_services", "case:330200-2026-000002") as client:
        url = f"{world.plan.department(OFFICE).url}/office/corrections"
        answer = client.post(url, json={**form, "vouched": word})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _to_mend(world: World, correction_id: str) -> list[dict[str, Any]]:
    """What the member that asked is told that it has to acknowledge."""
    with asking.client(world, "approvals", "case:330200-2026-000001") as client:
        page = client.get(f"{world.plan.department(OFFICE).url}/office/deadlines?within=20").json()
    return [one for one in page["deadlines"] if one["id"] == correction_id and one["systems"]]


def _set(world: World, person: str, column: str, value: str) -> None:
    """By an old program of the department, in plain SQL."""
    url = world.plan.department(asking.KIND).database_url
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
        where = "upper(cer_no) = ?"
        changed = database.execute(f"UPDATE {_TABLE} SET {column} = ? WHERE {where}", (value, person))
        assert changed.rowcount >= 1


def _form(record: dict[str, Any], item: str) -> dict[str, Any]:
    """That an item of it is wrong, in the version that was received."""
    epoch, _, version = record["record_version"].partition(".")
    return {
        "dataset": asking.DATASET,
        "record": record["record_id"],
        "item": item,
        "epoch": int(epoch),
        "version": int(version),
        "reason": "有误",
    }


def test_it_is_closed_once_the_item_has_changed_and_the_change_is_published(world: World) -> None:
    request_id = asking.granted(world)
    record = _read(world, request_id)
    form, person = _form(record, "name"), record["id_number"]
    _set(world, person, "nm", "测试·改名")
    # Filed of a version that is not the present one any more: what has changed before shows nothing.
    filed = _file_at_the_desk(world, person, form)
    assert filed["by_subject"] is True
    assert _file_at_the_desk(world, "330102199003070019", form)["by_subject"] is False, "another person"
    path = f"corrections/{filed['correction_id']}/corrected"
    asking.until_refused(world, asking.KIND, path, "not-corrected")
    _set(world, person, "nm", "测试·更正")
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


@pytest.mark.parametrize(
    ("item", "mended", "after"), [("name", "nm", "mobtel"), ("position", "position_cn", "country_cn")]
)
def test_what_changes_after_the_mend_and_its_topic_does_not_tell_leaves_no_matter_open(
    world: World, item: str, mended: str, after: str
) -> None:
    """Of an item on condition the topic tells of what is shared; of any other, of what everybody may have."""
    record = _read(world, asking.granted(world))
    filed = asking.take(world, "approvals", "corrections", **_form(record, item))
    path = f"corrections/{filed['correction_id']}/corrected"
    asking.until_refused(world, asking.KIND, path, "not-corrected")
    for column in (mended, after):
        _set(world, record["id_number"], column, f"更正 {column}")
    until_sync(lambda: asking.step(world, asking.KIND, path).status_code == 201, 20, "it is corrected")
