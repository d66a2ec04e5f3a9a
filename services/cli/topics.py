"""`langqiao topics`: the operator's work on the topics of all departments."""

import asyncio

import typer

from services.cli.caller import REFUSED
from services.cli.operating import DryRun, operating
from services.directory.settings import Operator
from services.engine.env_example import env_example

app = typer.Typer(
    help="The topics of all departments; the LANGQIAO_OPERATOR_… settings name them.", no_args_is_help=True
)


@app.command()
def apply(dry_run: DryRun = False) -> None:
    """Make the topics that contracts ask for, and bring the configuration of those that are there into line.

    Partitions are fixed for life: where a topic has others than its contract says, nothing at all is done.
    """
    from services.directory import topics
    from services.directory.known import wanted_topics
    from services.engine.relay.security import options

    with operating(topics.CannotApply) as (settings, security):
        way = options(settings.bootstrap_servers, security)
        wanted = wanted_topics(settings)
        plan = asyncio.run(topics.apply(wanted, settings.replication_factor, way, dry_run=dry_run))
    for topic, partitions in plan.made.items():
        typer.echo(f"make     {topic}  {partitions} partition{'s'[: partitions != 1]}")
    for topic, entries in plan.changed.items():
        typer.echo(f"change   {topic}  {' '.join(f'{name}={value}' for name, value in entries.items())}")
    if not plan:
        typer.echo(f"All {len(wanted)} topics are as they must be.")
    for topic, reason in plan.refused.items():
        typer.echo(f"refused  {topic}  {reason}", err=True)
    if plan.refused:
        typer.echo("Nothing is done while a topic is refused.", err=True)
        raise typer.Exit(REFUSED)


@app.command()
def settings() -> None:
    """Print every setting of an operator with its meaning, as an env file to fill in."""
    typer.echo(env_example(Operator))
