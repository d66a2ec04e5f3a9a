"""Paired rounds: each subject and each floor is asked the same in turn, so that a busy machine slows all alike."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import orjson

from services.cli.story.question import SELECT
from services.cli.world.world import World
from services.client.profile import Profile
from services.engine.synthetic.population import enterprise
from tests.bench.floor import Fan, Floor
from tests.bench.load import Round, Target, fire

REGULATOR = "market_regulation"
_ENTERPRISES = f"/records/{REGULATOR}/enterprises/query"
_ONE = "name,status,address"
#: How many different enterprises are asked about.
_DIFFERENT = 500
#: The calls that the five-department question needs, for a proxy that only carries them.
_FAN = (
    (REGULATOR, "enterprises", _ONE),
    (REGULATOR, "licences", "licence_no,name,status,valid_to"),
    ("taxation", "credit_ratings", "year,level"),
    ("taxation", "arrears", "tax_type,balance"),
    ("credit", "penalties", "document_no,kind,fine,decided_on"),
    ("human_resources", "employer_headcounts", "month,headcount"),
    ("credit", "judgment_debtors", "court,case_no,published_at"),
    (REGULATOR, "legal_representatives", "is_legal_representative,position"),
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
            orjson.dumps({"select": select, "credit_code": "eq.@code@"}).decode(),
        )
        for kind, dataset, select in _FAN
    )


def groups(world: World, floors: Mapping[str, Floor]) -> dict[str, list[Target]]:
    """What is measured: one record, and the question across departments; in each the gateway first."""
    profile = Profile.load(world.plan.profiles / "approvals.json")
    headers = {**profile.headers(), "Content-Type": "application/json"}
    size = world.plan.size
    codes = [enterprise(number, size).credit_code for number in range(min(_DIFFERENT, size.enterprises))]
    gateway, department = world.children["gateway"], world.children[REGULATOR]
    one = [orjson.dumps({"select": _ONE, "credit_code": f"eq.{code}"}) for code in codes]
    many = [orjson.dumps({"select": SELECT, "credit_code": f"eq.{code}"}) for code in codes]
    behind = f"{world.plan.department(REGULATOR).url}{_ENTERPRISES}"
    front = f"{world.plan.gateway_url}{_ENTERPRISES}"
    single = [Target("gateway", front, headers, one, (gateway.process.pid,))]
    single += [
        Target(floor.name, f"http://127.0.0.1:{floor.port}{_ENTERPRISES}", headers, one, (floor.pid,))
        for floor in floors.values()
    ]
    single.append(Target("department alone", behind, headers, one, (department.process.pid,)))
    across = [Target("gateway", front, headers, many, (gateway.process.pid,))]
    if "node" in floors:
        floor, bare = floors["node"], [code.encode() for code in codes]
        across.append(Target("node", f"http://127.0.0.1:{floor.port}/fan", headers, bare, (floor.pid,)))
    return {"one record": single, "five departments": across}


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
