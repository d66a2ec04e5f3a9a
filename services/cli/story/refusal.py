"""Act 4: a caller without a grant asks for a conditional item and gets a clear no; with the grant, an answer."""

from services.cli.story.stage import Stage, WrongAnswer, expect
from services.cli.world.trust import GRANT_ID
from services.client.bridge import Bridge, Refused

_DATASET = "market_regulation.legal_representatives"


def tell(stage: Stage) -> None:
    """Ask without a grant, then as the member that has one."""
    stage.heading(4, "No grant, no answer: the department decides")
    asked: dict[str, object] = {
        "select": "name,id_number",
        "credit_code": f"eq.{stage.restaurant.credit_code}",
    }
    with stage.timed("refusal"), stage.bridge() as bridge:
        refused = _refused(bridge, asked)
    stage.say(f"without a grant: {refused.status} {refused.members['code']}: {refused.members['detail']}")
    expect(
        refused.status == 403 and refused.members["code"] == "grant-required",
        "the refusal must be grant-required",
    )
    expect(set(refused.members["items"]) == {"name", "id_number"}, "the refusal must name the items")
    with stage.bridge(purpose=f"grant:{GRANT_ID}") as bridge:
        granted = bridge.ask(_DATASET, asked).data
    expect(len(granted) == 1 and set(granted[0]) == {"name", "id_number"}, "the grant must give the answer")
    stage.right(f"refused without, and answered with grant {GRANT_ID} (values not shown here)")


def _refused(bridge: Bridge, asked: dict[str, object]) -> Refused:
    try:
        bridge.ask(_DATASET, asked)
    except Refused as fault:
        return fault
    raise WrongAnswer("a conditional item was answered without a grant")
