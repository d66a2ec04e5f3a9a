"""The key by which the office signs grants is followed by another under load, by one command: no call fails, what is
suspended afterwards is refused as soon as ever, and what the key before signed is in use nowhere."""

from datetime import UTC, datetime

from schemas.trust import signed
from schemas.trust.registry import Registry, from_document
from services.cli.world.plan import OFFICE
from services.cli.world.world import World
from services.client.profile import Profile
from tests.flow.load import Load, all_on
from tests.flow.office import asking
from tests.services.cli.tool import run
from tests.waiting import until_sync

_LEAD, _OVERLAP = 3, 3
_PATIENCE = 30.0


def test_the_office_s_key_is_rotated_under_load(world: World) -> None:
    request_id, office = asking.granted(world), world.plan.department(OFFICE)
    system = f"{office.member}/grants"
    [old] = _registry(world).members[system].keys
    profile = Profile.load(world.plan.profiles / "approvals.json").with_purpose(f"grant:{request_id}")
    question = {"select": "name", "limit": 1}
    load = Load(profile, world.plan.department(asking.KIND).url, asking.DATASET, question)
    with all_on(load):
        _rotate(world, system)
        until_sync(
            lambda: _registry(world).key(old, datetime.now(UTC)) is None, _PATIENCE, "the key has ended"
        )
        load.go_on()
    assert load.failed == []
    assert {_signer(world)} == _registry(world).members[system].keys.keys() - {old}
    beyond = {"second": "head-2", "reason": "used beyond its purpose", "mend_by": "2036-05-01"}
    asking.take(world, asking.KIND, f"requests/{request_id}/suspended", **beyond)
    asking.soon(world, request_id, 403)


def _rotate(world: World, system: str) -> None:
    plan = world.plan
    told = ("--registry", str(plan.registry), "--authority", str(plan.authority_key))
    times = ("--lead", str(_LEAD), "--overlap", str(_OVERLAP / 3_600))
    key = str(plan.department(OFFICE).grants_key)
    ended = run("keys", "rotate", system, "--key", key, *told, *times)
    assert ended.exit_code == 0, ended.output


def _registry(world: World) -> Registry:
    return from_document(signed.unchecked(world.plan.registry.read_text()))


def _signer(world: World) -> str:
    """The id of the key that signed the grants which the department has."""
    one = world.plan.department(asking.KIND)
    return signed.key_id_of((one.folder / "grants" / f"{one.member}.jws").read_text())
