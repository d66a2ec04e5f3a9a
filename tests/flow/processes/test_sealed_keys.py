"""Real departments that are joined by a personal item: the link's key was made with the world, and one command lets
another follow while all run."""

import orjson

from schemas.trust.link_keys import ends_of, read_link_keys
from services.cli.world.world import World
from services.client.bridge import Bridge
from services.client.profile import Profile
from tests.services.cli.tool import run
from tests.waiting import until_sync

_ONE, _OTHER = "market_regulation.legal_representatives.id_number", "public_security.residents.id_number"
_QUESTION = "market_regulation.legal_representatives?select=name,resident!inner(name)&limit=5"


def _named(world: World) -> list[tuple[str, str]]:
    """Representatives as both departments name them."""
    said = (
        "--profile",
        str(world.plan.profiles / "approvals.json"),
        "--purpose",
        "grant:G-2026-0001",
        "--json",
    )
    asked = run("ask", *said, _QUESTION)
    assert asked.exit_code == 0, asked.output
    return [(one["name"], one["resident"]["name"]) for one in orjson.loads(asked.output)]


def test_a_join_by_id_numbers_goes_on_while_another_key_follows(world: World) -> None:
    expected = _named(world)
    assert expected
    assert all(one == other for one, other in expected)
    departments = [world.plan.department(end.partition(".")[0]) for end in (_ONE, _OTHER)]
    into = [word for one in departments for word in ("--into", str(one.link_keys))]
    assert run("keys", "link", _ONE, _OTHER, *into, "--lead", "0").exit_code == 0
    keys = read_link_keys(departments[0].link_keys.read_bytes()).of[ends_of(_ONE, _OTHER)]
    assert len(keys) == 2
    assert _named(world) == expected
    for one in departments:
        with Bridge(Profile(gateway=one.url)) as bridge:
            until_sync(
                lambda bridge=bridge: _told(bridge) == [key.key_id for key in keys], what="health tells them"
            )  # type: ignore[misc]


def _told(bridge: Bridge) -> list[str]:
    check = bridge.get("/health")["checks"]["link_keys"]
    assert check["ok"]
    told: list[str] = check["links"][" ".join(ends_of(_ONE, _OTHER))]
    return told
