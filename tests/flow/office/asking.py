"""Members who take steps at the office of a world, and ask the department of one; used by the tests of this folder."""

from typing import Any

import httpx

from services.cli.world.plan import OFFICE
from services.cli.world.world import World
from services.client.profile import Profile
from tests.messages import signing
from tests.waiting import until_sync

KIND = "market_regulation"
DATASET = f"{KIND}.legal_representatives"
#: Another department, whose records the first one's lead to.
OTHER = "public_security"
#: What was decided is to hold within this, in seconds.
SOON = 5.0
FORM = {
    "dataset": DATASET,
    "items": ["credit_code", "name", "id_number"],
    "legal_basis": "行政许可法 第三十四条",
    "scenario": "受理审查",
    "purpose": "核验任职",
    "mode": "service interface",
    "until": "2036-12-31",
    "head": "head-1",
}


#: The same for the people whom those records name.
OF_RESIDENTS = {**FORM, "dataset": f"{OTHER}.residents", "items": ["id_number", "name"]}


def client(world: World, name: str, purpose: str | None = None) -> httpx.Client:
    """A member by the name of its profile."""
    profile = Profile.load(world.plan.profiles / f"{name}.json").with_purpose(purpose)
    return httpx.Client(headers=profile.headers(), auth=signing(profile), trust_env=False, timeout=20.0)


def step(world: World, name: str, path: str, **body: Any) -> httpx.Response:
    """A step at the office, at /office/<path>."""
    with client(world, name) as member:
        return member.post(f"{world.plan.department(OFFICE).url}/office/{path}", json=body)


def take(world: World, name: str, path: str, **body: Any) -> dict[str, Any]:
    """A step that is taken; what came of it."""
    answer = step(world, name, path, **body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def until_refused(world: World, name: str, path: str, reason: str) -> None:
    """Try a step until it is refused for this reason: what it needs first may be on its way."""
    until_sync(lambda: step(world, name, path).json().get("reason") == reason, 20, f"refused as {reason}")


def asked(world: World, request_id: str, dataset: str = DATASET, item: str = "name") -> int:
    """What the department answers to a question under the grant."""
    kind, _, name = dataset.partition(".")
    address = f"{world.plan.department(kind).url}/records/{kind}/{name}?select={item}&limit=1"
    with client(world, "approvals", f"grant:{request_id}") as member:
        return member.get(address).status_code


def through_the_gateway(world: World, question: dict[str, str], *request_ids: str) -> httpx.Response:
    """What the gateway answers to a signed question for legal representatives under these grants."""
    kind, _, name = DATASET.partition(".")
    address = f"{world.plan.gateway_url}/records/{kind}/{name}/query"
    with client(world, "approvals", f"grant:{','.join(request_ids)}") as member:
        return member.post(address, json=question)


def soon(world: World, request_id: str, status: int, dataset: str = DATASET) -> None:
    """The department answers so within five seconds."""
    until_sync(lambda: asked(world, request_id, dataset) == status, SOON, f"the department answers {status}")


def granted(world: World, form: dict[str, Any] = FORM, **said: Any) -> str:
    """A request for items on condition that was agreed to, delivered, and is honoured."""
    asked_for = take(world, "approvals", "requests", **form, **said)
    request_id, dataset = str(asked_for["request_id"]), form["dataset"]
    kind = dataset.partition(".")[0]
    assert asked(world, request_id, dataset) == 403
    take(world, kind, f"requests/{request_id}/agreed", second="head-2")
    take(world, kind, f"requests/{request_id}/delivered")
    soon(world, request_id, 200, dataset)
    return request_id
