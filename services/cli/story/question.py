"""Act 1: before a restaurant's approval, one question across five departments; checked against their own tables."""

from collections.abc import Mapping
from typing import Any

from services.cli import show
from services.cli.story.ledger import count_rows
from services.cli.story.stage import Stage, expect
from services.cli.world.trust import GRANT_ID
from services.client.bridge import Bridge
from services.engine.synthetic.population import person

DATASET = "market_regulation.enterprises"
#: Embed in the answer -> the department whose table must agree, the table and its column with the credit code.
_SOURCES = {
    "licences": ("market_regulation", "dw_nb_scjdgl_xzxk", "uni_social_crd_cd"),
    "credit_ratings": ("taxation", "dw_nb_sw_nsxydjxx", "uni_social_crd_cd"),
    "arrears": ("taxation", "dw_nb_sw_qsxx", "tax_no"),
    "penalties": ("credit", "dw_zj_fzgg_xzcfjdxx", "cf_xdr_shxym"),
    "headcounts": ("human_resources", "dw_nb_rlsb_qysbcbrsxx", "uni_social_crd_cd"),
    "representatives": ("market_regulation", "dw_zj_scjdgl_fddbrxx", "uni_social_crd_cd"),
}
#: The departments that the question asks.
DEPARTMENTS = frozenset({"public_security", *(kind for kind, _, _ in _SOURCES.values())})
SELECT = (
    "name,status,address,"
    "licences(licence_no,name,status,valid_to),"
    "credit_ratings(year,level),"
    "arrears(tax_type,balance),"
    "penalties(document_no,kind,fine,decided_on),"
    "headcounts(month,headcount),"
    "representatives(position,resident(status,division))"
)


def tell(stage: Stage) -> None:
    """Ask, show plan and answer, and hold the answer against the tables."""
    stage.heading(1, "One question, five departments: may this restaurant be approved?")
    with bridge_of(stage) as bridge:
        plan = bridge.explain(DATASET, question(stage))
        stage.say("\n".join(show.plan_lines(plan)))
        with stage.timed("question"):
            answer = ask(bridge, stage)
    stage.say(show.as_json(answer))
    check(stage, answer)
    stage.right(
        f"every part agrees with its department's own table ({stage.timings['question']:.1f} ms, "
        f"{len(DEPARTMENTS)} departments, one request)"
    )


def bridge_of(stage: Stage) -> Bridge:
    """The approval service, which holds a grant to see that the legal representative is a registered resident."""
    return stage.bridge(purpose=f"grant:{GRANT_ID}")


def question(stage: Stage) -> dict[str, object]:
    return {
        "select": SELECT,
        "credit_code": f"eq.{stage.restaurant.credit_code}",
        "credit_ratings.order": "year",
        "headcounts.order": "month",
    }


def ask(bridge: Bridge, stage: Stage, **options: Any) -> Any:
    """The answer to the story's question, in the form that the options ask for."""
    return bridge.ask(DATASET, question(stage), **options).data


def check(stage: Stage, answer: Any) -> None:
    """WrongAnswer unless the answer is the one enterprise, each part as long as the department's table says."""
    expect(isinstance(answer, list) and len(answer) == 1, "the question must meet exactly one enterprise")
    record: Mapping[str, Any] = answer[0]
    expect(record["name"] == stage.restaurant.name, "the enterprise has another name")
    for embed, (kind, table, column) in _SOURCES.items():
        stored = count_rows(
            stage.plan.department(kind).database_url, table, column, stage.restaurant.credit_code
        )
        expect(len(record[embed]) == stored, f"{embed}: {len(record[embed])} records, the table has {stored}")
    home = person(stage.restaurant.representative).division
    expect(
        [one["resident"]["division"] for one in record["representatives"]] == [home],
        "the legal representative is another resident",
    )
