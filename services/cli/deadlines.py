"""`langqiao deadlines`: what is overdue at a data office and what is due soon, and who has to act."""

from dataclasses import replace
from typing import Annotated

import typer

from services.cli import show
from services.cli.caller import DEFAULT_PROFILE, REFUSED, ProfileFile, Purpose, calling, load_profile

app = typer.Typer()


@app.command()
def deadlines(
    office: Annotated[
        str, typer.Option("--office", envvar="LANGQIAO_OFFICE", help="Address of the data office's service.")
    ],
    within: Annotated[
        int, typer.Option("--within", min=0, max=250, help="Working days from today; 0: what is due today.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    profile: ProfileFile = DEFAULT_PROFILE,
    purpose: Purpose = None,
) -> None:
    """List the legal clocks that are overdue or due soon, with the article and who has to act; and what waits for the
    office to grant more time.

    The data office is told all, any other member what it has to do or waits for. Ends with 1 where anything is overdue.
    """
    asking = replace(load_profile(profile).with_purpose(purpose), gateway=office, node="")
    with calling(asking) as bridge:
        told = bridge.get(f"/office/deadlines?within={within}")
    found = told["deadlines"]
    if as_json:
        typer.echo(show.as_json(told))
    else:
        for rows in ([_line(one) for one in found], [_decision(one) for one in told["decisions"]]):
            if rows:
                show.console().print(show.as_table(rows))
    if any(one["stands"] == "overdue" for one in found):
        raise typer.Exit(REFUSED)


def _line(one: dict[str, object]) -> dict[str, object]:
    """A deadline as a row: whoever has to act in one cell, empty members left out."""
    systems, members = one["systems"], one["members"]
    acting = systems if isinstance(systems, list) and systems else members
    year = one["pending_calendar"]
    return {
        "due": one["due_on"] or f"when {year} is loaded",
        "stands": one["stands"],
        "what": one["clock"],
        "article": one["article"],
        "who": " ".join(map(str, acting)) if isinstance(acting, list) else "",
        "id": one["id"],
    }


def _decision(one: dict[str, object]) -> dict[str, object]:
    """More time that was asked for, and waits to be granted, as a row."""
    return {**_line(one), "what": f"grant {one['working_days']} working days more to {one['clock']}"}
