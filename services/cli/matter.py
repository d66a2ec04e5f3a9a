"""`langqiao matter`: a request, correction request or catalogue entry at a data office, as its parties are shown it."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli import show
from services.cli.caller import DEFAULT_PROFILE, ProfileFile, Purpose, calling, load_profile

app = typer.Typer()

#: Where matters stand, by how their numbers begin; an entry's begins with its department.
_PLACES = {"R-": "requests", "C-": "corrections"}


@app.command()
def matter(
    number: Annotated[
        str, typer.Argument(help="Such as R-2026-000007, C-2026-000001 or 330200.taxation.arrears:1.0.0.")
    ],
    office: Annotated[
        str, typer.Option("--office", envvar="LANGQIAO_OFFICE", help="Address of the data office's service.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    profile: ProfileFile = DEFAULT_PROFILE,
    purpose: Purpose = None,
) -> None:
    """Show how a matter stands, and each of its steps: who took it, and what it says.

    Its parties see it: whoever applied or filed, the department, the data office, and of a dispute whoever decides.
    """
    asking = replace(load_profile(profile).with_purpose(purpose), gateway=office, node="")
    with calling(asking) as bridge:
        told = bridge.get(f"/office/{_PLACES.get(number[:2], 'entries')}/{quote(number, safe='')}")
    if as_json:
        typer.echo(show.as_json(told))
        return
    record = [{"item": name, "value": value} for name, value in told["record"].items() if value is not None]
    for rows in (record, [_line(one) for one in told["steps"]]):
        show.console().print(show.as_table(rows))


def _line(step: dict[str, Any]) -> dict[str, Any]:
    """A step as a row: everybody who answers for it in one cell."""
    people = (step["member"], step["officer"], step["second"])
    return {
        "step": step["kind"],
        "at": step["at"],
        "who": " ".join(str(one) for one in people if one is not None),
        "says": step["facts"],
    }
