"""`langqiao explain`: how the gateway would answer a question."""

import typer

from services.cli import show
from services.cli.ask import QuestionText, split
from services.cli.caller import DEFAULT_PROFILE, ProfileFile, Purpose, calling, load_profile

app = typer.Typer()


@app.command()
def explain(question: QuestionText, profile: ProfileFile = DEFAULT_PROFILE, purpose: Purpose = None) -> None:
    """Print the plan that the gateway would run; nothing is read."""
    dataset, parameters = split(question)
    with calling(load_profile(profile).with_purpose(purpose)) as bridge:
        plan = bridge.explain(dataset, parameters)
    typer.echo("\n".join(show.plan_lines(plan)))
