"""The section of trust puts what was measured beside what is to be reached."""

from tests.bench.load import Round
from tests.bench.rounds import Outcome
from tests.bench.trust.asked import DEPARTMENT, THROUGH, UNTRUSTED
from tests.bench.trust.page import lines
from tests.bench.trust.steps import BARE, Step

_STEPS = [Step(BARE, 100, 1)]


def _asked(group: str, name: str, *cpu: float) -> Outcome:
    return Outcome(group, name, tuple(Round(400, one, 10, 20) for one in cpu))


def _budgets(outcomes: list[Outcome]) -> list[str]:
    return [one for one in lines(outcomes, _STEPS, 8) if "≤" in one]


def test_a_gateways_cost_is_judged_beside_a_bare_check_and_beside_node_round_by_round() -> None:
    gateway, fastify = _asked(THROUGH, "gateway", 0.15, 0.3, 0.6), _asked(THROUGH, "fastify", 0.3, 0.5, 0.6)
    department, with_pg = _asked(UNTRUSTED, "department", 1.6), _asked(UNTRUSTED, "fastify + pg", 0.5)
    assert _budgets([_asked(DEPARTMENT, "anonymous", 1), gateway, fastify, department, with_pg]) == [
        "| a gateway's CPU, of a bare check of a signature | ≤ 1.7 × | 3.0 × | missed, 1.8 × worse |",
        "| a gateway's CPU, of fastify's that does the same check | ≤ 0.65 × | 0.60 × | met, 1.1 × as good |",
        "| a department's CPU without trust, of fastify's with pg | ≤ 0.80 × | 3.20 × | missed, 4.0 × worse |",
    ]


def test_without_node_nothing_is_said_of_it() -> None:
    alone = [_asked(group, "ours", 0.1) for group in (DEPARTMENT, THROUGH, UNTRUSTED)]
    assert _budgets(alone) == [
        "| a gateway's CPU, of a bare check of a signature | ≤ 1.7 × | 1.0 × | met, 1.7 × as good |"
    ]
