"""Paired rounds: each subject and each floor is asked the same in turn, so that a busy machine slows all alike."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import orjson

from services.cli.story.question import SELECT
from services.cli.world.trust import GRANT_ID
from services.cli.world.world import World
from services.client.profile import Profile
from services.engine.synthetic.population import Enterprise, enterprise, person
from tests.bench.floor import Fan, Floor
from tests.bench.load import Round, Target, fire

REGULATOR = "market_regulation"
_ENTERPRISES = f"/records/{REGULATOR}/enterprises/query"
_ONE = "name,status,address"
#: How many different enterprises are asked about.
_DIFFERENT = 500
#: The calls that the five-department question comes to, for a proxy that knows them beforehand and only carries them.
_FAN = (
    (REGULATOR, "enterprises", "name,status,address", "credit_code", "@code@"),
    (REGULATOR, "licences", "licence_no,name,status,valid_to", "credit_code", "@code@"),
    (REGULATOR, "legal_representatives", "position", "credit_code", "@code@"),
    ("taxation", "credit_ratings", "year,level", "credit_code", "@code@"),
    ("taxation", "arrears", "tax_type,balance", "credit_code", "@code@"),
    ("credit", "penalties", "document_no,kind,fine,decided_on", "credit_code", "@code@"),
    ("human_resources", "employer_headcounts", "month,headcount", "credit_code", "@code@"),
    ("public_security", "residents", "status,division", "id_number", "@id@"),
)


@dataclass(frozen=True)
class Outcome:
    """One target's rounds, and its cost in relation to the first target of its group, round by round."""

    group: str
    name: str
    rounds: tuple[Round, ...]

    def middle(self, measure: Callable[[Round], float]) -> float:
        return median(map(measure, self.rounds))

    def cost_beside(self, other: "Outcome") -> float:
        """The median over the rounds of this target's CPU by the other's."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return median(mine.cpu / theirs.cpu for mine, theirs in pairs if theirs.cpu)


def fan_calls(world: World) -> tuple[Fan, ...]:
    """The five-department question as calls to the departments themselves."""
    return tuple(
        Fan(
            world.plan.department(kind).port,
            f"/records/{kind}/{dataset}/query",
            orjson.dumps({"select": select, item: f"eq.{key}"}).decode(),
        )
        for kind, dataset, select, item, key in _FAN
    )


def groups(world: World, floors: Mapping[str, Floor]) -> dict[str, list[Target]]:
    """What is measured: one record, and the question across departments; in each the gateway first."""
    profile = Profile.load(world.plan.profiles / "approvals.json").with_purpose(f"grant:{GRANT_ID}")
    headers = {**profile.headers(), "Content-Type": "application/json"}
    asked = [
        enterprise(number, world.plan.size) for number in range(min(_DIFFERENT, world.plan.size.enterprises))
    ]
    return {
        "one record": _one_record(world, floors, headers, [one.credit_code for one in asked]),
        "five departments": _five_departments(world, floors, headers, asked),
    }


def _one_record(
    world: World, floors: Mapping[str, Floor], headers: Mapping[str, str], codes: Sequence[str]
) -> list[Target]:
    bodies = [orjson.dumps({"select": _ONE, "credit_code": f"eq.{code}"}) for code in codes]
    behind = world.children[REGULATOR].process.pid
    ways = [("gateway", world.plan.gateway_url, _gateway(world))]
    ways += [(floor.name, f"http://127.0.0.1:{floor.port}", floor.pid) for floor in floors.values()]
    ways.append(("department alone", world.plan.department(REGULATOR).url, behind))
    return [Target(name, f"{url}{_ENTERPRISES}", headers, bodies, (pid,)) for name, url, pid in ways]


def _five_departments(
    world: World, floors: Mapping[str, Floor], headers: Mapping[str, str], asked: Sequence[Enterprise]
) -> list[Target]:
    bodies = [orjson.dumps({"select": SELECT, "credit_code": f"eq.{one.credit_code}"}) for one in asked]
    front = f"{world.plan.gateway_url}{_ENTERPRISES}"
    targets = [Target("gateway", front, headers, bodies, (_gateway(world),))]
    if "node" in floors:
        floor = floors["node"]
        keys = [f"{one.credit_code} {person(one.representative).id_number}".encode() for one in asked]
        targets.append(Target("node", f"http://127.0.0.1:{floor.port}/fan", headers, keys, (floor.pid,)))
    return targets


def _gateway(world: World) -> int:
    return world.children["gateway"].process.pid


def run(
    measured: Mapping[str, Sequence[Target]],
    rounds: int,
    requests: Mapping[str, int],
    clients: int,
    progress: Callable[[str], None],
) -> list[Outcome]:
    """All rounds of all groups; `progress` is told of each round begun."""
    taken: dict[tuple[str, str], list[Round]] = {}
    for group, targets in measured.items():
        for target in targets:
            asyncio.run(fire(target, clients * 4, clients))
        for number in range(rounds):
            for target in targets:
                progress(f"{group}: {target.name}, round {number + 1}")
                found = asyncio.run(fire(target, requests[group], clients))
                taken.setdefault((group, target.name), []).append(found)
    return [Outcome(group, name, tuple(found)) for (group, name), found in taken.items()]
