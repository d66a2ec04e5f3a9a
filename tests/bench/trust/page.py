"""The section of trust: the budgets, who was asked what, and each step by itself; called by `tests.bench.__main__`."""

from collections.abc import Sequence

from tests.bench.budget import Budget
from tests.bench.page import table
from tests.bench.rounds import Outcome
from tests.bench.trust.asked import DEPARTMENT, THROUGH, UNTRUSTED
from tests.bench.trust.steps import BARE, Step

_EXPLAINED = """\
One department on PostgreSQL, asked for one record by {clients} clients in paired rounds; each answer of it has its
entry in the access log on the disk before, and a receipt. CPU is the asked process's own, in seconds for 1,000 calls;
beside it stands how many times that of its group's first it is, round by round. Through a gateway go the caller's
message and a question about a person by a grant: `fastify` checks the same token and message and signs the same call
on, but knows the department beforehand, and reads, plans, judges and joins nothing. `fastify + pg` reads the same row
by a prepared statement, as its columns stand: it maps no code, enters nothing and signs nothing, as our department
always does.
"""
_HEAD = ("one record", "asked", "requests/s", "CPU s/1,000", "of the first", "p50 ms", "p99 ms")
_BUDGET_HEAD = ("to be reached", "budget", "measured", "which is")
_BESIDE_NODE = Budget("a gateway's CPU, of fastify's that does the same check", 0.65, True, "{:.2f} ×")
_BESIDE_CHECK = Budget("a gateway's CPU, of a bare check of a signature", 1.7, True, "{:.1f} ×")
_UNTRUSTED = Budget("a department's CPU without trust, of fastify's with pg", 0.8, True, "{:.2f} ×")


def lines(outcomes: Sequence[Outcome], steps: Sequence[Step], clients: int) -> list[str]:
    """The section's text."""
    alone = [(one.name, f"{one.microseconds:,.0f}", f"{one.checks:.1f} ×") for one in steps]
    return [
        *_EXPLAINED.format(clients=clients).splitlines(),
        "",
        *table(_BUDGET_HEAD, _budgets(outcomes, steps), words=1),
        "",
        *table(_HEAD, _rows(outcomes), words=2),
        "",
        "Each step by itself and on one core, as microseconds and as so many bare checks of an Ed25519 signature:",
        "",
        *table(("by itself", "µs", "of a bare check"), alone, words=1),
    ]


def _budgets(outcomes: Sequence[Outcome], steps: Sequence[Step]) -> list[tuple[str, ...]]:
    gateway, *fastify = _group(outcomes, THROUGH)
    department, *with_pg = _group(outcomes, UNTRUSTED)
    bare = next(one.microseconds for one in steps if one.name == BARE)
    # CPU is in seconds for 1,000 requests, which is milliseconds for one.
    figures = [(_BESIDE_CHECK, gateway.middle(lambda found: found.cpu) * 1_000 / bare)]
    figures += [(_BESIDE_NODE, gateway.cost_beside(one)) for one in fastify]
    figures += [(_UNTRUSTED, department.cost_beside(one)) for one in with_pg]
    return [(one.what, one.said, one.form.format(found), one.judged(found)) for one, found in figures]


def _rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    return [
        (
            group,
            one.name,
            f"{one.middle(lambda found: found.per_second):,.0f}",
            f"{one.middle(lambda found: found.cpu):.3f}",
            f"{one.cost_beside(first):.2f} ×",
            f"{one.middle(lambda found: found.p50):.1f}",
            f"{one.middle(lambda found: found.p99):.1f}",
        )
        for group in (DEPARTMENT, THROUGH, UNTRUSTED)
        for first in _group(outcomes, group)[:1]
        for one in _group(outcomes, group)
    ]


def _group(outcomes: Sequence[Outcome], name: str) -> list[Outcome]:
    return [one for one in outcomes if one.group == name]
