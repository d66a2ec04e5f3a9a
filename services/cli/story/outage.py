"""Act 3: a department is killed; the plain answer names it, the envelope shows the rest; it comes back."""

from typing import Any

from schemas.wire import headers
from services.cli import show
from services.cli.story import question
from services.cli.story.stage import Stage, WrongAnswer, expect
from services.client.bridge import Bridge, Refused

_VICTIM = "taxation"


def tell(stage: Stage) -> None:
    """Kill, ask in both forms, bring back, ask again."""
    stage.heading(3, "A department dies: silence is never an answer")
    stage.world.children[_VICTIM].kill()
    stage.say(f"the service of {_VICTIM} is killed")
    with question.bridge_of(stage) as bridge:
        refused = _refused(bridge, stage)
        stage.say(f"plain form: {refused.status} {refused.members['code']}: {refused.members['detail']}")
        envelope = question.ask(bridge, stage, accept=headers.ANSWER)
        stage.say("envelope: what each source contributed")
        stage.console.print(show.as_table([_line(one) for one in envelope["sources"]]))
        _check(refused, envelope)
        with stage.timed("return"):
            stage.world.launch_department(_VICTIM)
            stage.world.wait_ready(_VICTIM, stage.plan.department(_VICTIM).url)
            answer = question.ask(bridge, stage)
    question.check(stage, answer)
    stage.right(f"it is back, and the answer is whole again ({stage.timings['return']:.0f} ms)")


def _line(source: dict[str, Any]) -> dict[str, Any]:
    return {name: source[name] for name in ("dataset", "state", "rows", "milliseconds")}


def _refused(bridge: Bridge, stage: Stage) -> Refused:
    try:
        question.ask(bridge, stage)
    except Refused as fault:
        return fault
    raise WrongAnswer("the plain form answered although a department is dead")


def _check(refused: Refused, envelope: Any) -> None:
    expect(refused.status == 503, "the plain form must fail with 503")
    expect(_VICTIM in str(refused.members), "the plain form must name the dead department")
    expect(envelope["complete"] is False, "the envelope must say that it is not complete")
    states = {one["dataset"]: one["state"] for one in envelope["sources"]}
    down = {dataset.partition(".")[0] for dataset, state in states.items() if state == "down"}
    expect(down == {_VICTIM}, "the envelope must say that this department is down, and no other")
    alive = {
        dataset.partition(".")[0] for dataset, state in states.items() if state in ("found", "not_found")
    }
    expect(alive == question.DEPARTMENTS - {_VICTIM}, "all others must have answered")
    record = envelope["data"][0]
    expect(record["headcounts"] and record["arrears"] is None, "what is missing is null, the rest is there")
