"""The access logs of a whole bridge of real processes: every disclosure entered, and held by two other departments."""

import re
from pathlib import Path

import httpx
import orjson

from schemas.wire import headers as names
from services.cli.world.world import World
from tests.services.cli.tool import run
from tests.waiting import until_sync


def _witnessed(url: str) -> bool:
    checks = httpx.get(f"{url}/health", trust_env=False).json()["checks"]
    log = checks["log"]
    return bool(log["entries"] > 1 and log["witnesses"] == 2 and log["waiting_seconds"] == 0)


def test_what_a_gateway_asked_is_entered_where_it_was_answered_and_others_hold_the_log(
    world: World, tmp_path: Path
) -> None:
    asked = httpx.get(
        f"{world.plan.gateway_url}/records/market_regulation/enterprises",
        params={"select": "name,penalties(kind)", "limit": 3},
        headers={"Langqiao-Question": "q-access-log", "Accept": names.ANSWER},
        trust_env=False,
    )
    assert asked.status_code == 200, asked.text
    receipts = tmp_path / "receipts"
    receipts.write_text("\n".join(one for source in asked.json()["sources"] for one in source["receipts"]))
    for kind in ("market_regulation", "credit"):
        one = world.plan.department(kind)
        shown = run("log", "show", str(one.access_log), "--count", "1000")
        entries = [orjson.loads(line) for line in shown.output.splitlines()]
        mine = [said for said in entries if said.get("question") == "q-access-log"]
        assert mine, kind
        assert {said["node"] for said in mine} == {one.member}
        until_sync(lambda url=one.url: _witnessed(url), 90, "two others hold its checkpoints")  # type: ignore[misc]
        witnesses = [
            other.access_log / "witnessed" / f"{one.member}.jws"
            for other in world.plan.departments
            if other.url in world.plan.witnesses(one)
        ]
        options = [word for path in witnesses for word in ("--checkpoints", str(path))]
        trusted = orjson.dumps(world.authority).decode()
        known = ("--registry", str(world.plan.registry), "--authority", trusted, "--node", one.member)
        verified = run("log", "verify", str(one.access_log), *known, *options, "--receipts", str(receipts))
        assert verified.exit_code == 0, verified.output
        assert re.search(r"held against [1-9]\d* checkpoints and [1-9]\d* receipts", verified.output)
