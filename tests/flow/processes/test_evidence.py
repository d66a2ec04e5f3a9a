"""Evidence of a whole bridge of real processes: kept by a caller, timed by other departments, checked offline."""

from pathlib import Path

import orjson

from services.cli.world.world import World
from tests.services.cli.tool import run
from tests.waiting import until_sync

_QUESTION = "market_regulation.enterprises?select=name,penalties(kind)&limit=3"


def test_what_several_departments_answered_is_kept_timed_and_checked(world: World, tmp_path: Path) -> None:
    file, profile = tmp_path / "evidence.json", ("--profile", str(world.plan.profiles / "approvals.json"))
    saved = run("evidence", "save", str(file), _QUESTION, *profile)
    assert saved.exit_code == 0, saved.output
    assert file.stat().st_mode & 0o077 == 0
    known = ("--registry", str(world.plan.registry), "--authority", orjson.dumps(world.authority).decode())
    assert "FAILS (no-token)" in run("evidence", "verify", str(file), *known).output
    until_sync(lambda: run("evidence", "stamp", str(file), *profile).exit_code == 0, 60, "time tokens")
    found = run("evidence", "verify", str(file), *known)
    assert found.exit_code == 0, found.output
    assert "given to 330200.approvals" in found.output
    for kind in ("market_regulation", "credit"):
        assert f" {world.plan.department(kind).member}, {kind}." in found.output
    file.write_bytes(file.read_bytes().replace(b'\\"name\\":', b'\\"nome\\":', 1))
    assert "FAILS (altered)" in run("evidence", "verify", str(file), *known).output


def test_a_department_asked_without_a_gateway_gives_evidence_too(world: World, tmp_path: Path) -> None:
    one = world.plan.department("credit")
    said = orjson.loads((world.plan.profiles / "approvals.json").read_bytes())
    profile = world.plan.profiles / "direct.json"
    profile.write_bytes(orjson.dumps({**said, "gateway": one.url, "node": one.member}))
    file = tmp_path / "evidence.json"
    saved = run(
        "evidence", "save", str(file), "credit.penalties?select=kind&limit=2", "--profile", str(profile)
    )
    assert saved.exit_code == 0, saved.output
    known = ("--registry", str(world.plan.registry), "--authority", orjson.dumps(world.authority).decode())
    found = run("evidence", "verify", str(file), *known, "--without-time")
    assert found.exit_code == 0, found.output
