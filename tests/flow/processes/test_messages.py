"""Signed calls among real processes: from the gateway, from the tool, and from whoever asks a department itself."""

from dataclasses import replace

import httpx
import orjson

from services.cli.world.plan import DIVISION
from services.cli.world.world import World
from services.client.profile import Profile
from tests.messages import signing
from tests.services.cli.tool import run

_KIND = "credit"
_PENALTIES = "/records/credit/penalties?select=kind&limit=1"


def test_the_tool_asks_a_department_itself(world: World) -> None:
    folder, one = world.plan.profiles, world.plan.department(_KIND)
    here = folder / "here.json"
    replace(Profile.load(folder / "approvals.json"), gateway=one.url, node=one.member).save(here)
    for _ in range(2):
        asked = run("ask", "--profile", str(here), "--json", "credit.penalties?select=case_name&limit=1")
        assert asked.exit_code == 0, asked.output
        assert len(orjson.loads(asked.output)) == 1


def test_departments_and_the_gateway_take_a_token_in_a_message_alone(world: World) -> None:
    member = Profile.load(world.plan.profiles / "approvals.json")
    with httpx.Client(headers=member.headers(), trust_env=False) as client:
        for url in (world.plan.department(_KIND).url, world.plan.gateway_url):
            refused = client.get(f"{url}{_PENALTIES}")
            assert (refused.status_code, refused.json()["reason"]) == (401, "missing")
            assert client.get(f"{url}{_PENALTIES}", auth=signing(member)).status_code == 200


def test_what_the_gateway_asked_is_entered_as_its_message_for_the_caller(world: World) -> None:
    member = Profile.load(world.plan.profiles / "approvals.json")
    said = {**member.headers(), "Langqiao-Question": "q-messages"}
    address = f"{world.plan.gateway_url}{_PENALTIES}"
    assert httpx.get(address, headers=said, auth=signing(member), trust_env=False).status_code == 200
    shown = run("log", "show", str(world.plan.department(_KIND).access_log), "--count", "100")
    entries = [orjson.loads(line) for line in shown.output.splitlines()]
    [entry] = [one for one in entries if one.get("question") == "q-messages"]
    assert entry["system"] == f"{DIVISION}.approvals/window"
    own = member.key()
    assert own is not None
    assert own.key_id != entry["message"].partition(":")[0]
