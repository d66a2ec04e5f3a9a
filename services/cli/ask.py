"""`langqiao ask` and `langqiao explain`: one question to the gateway, from the command line."""

from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

import httpx
import typer

from schemas.wire import headers
from services.cli import show
from services.client.bridge import Bridge, Refused
from services.client.profile import BadProfile, Profile

QuestionText = Annotated[
    str, typer.Argument(help="A dataset and a query: 'market_regulation.enterprises?select=name&limit=3'.")
]
ProfileFile = Annotated[
    Path,
    typer.Option(
        "--profile", envvar="LANGQIAO_PROFILE", help="Who asks: a profile file, as `langqiao up` makes."
    ),
]
Purpose = Annotated[str | None, typer.Option("--purpose", help="What for: grant:<id> or case:<reference>.")]
DEFAULT_PROFILE = Path(".langqiao/demo/profiles/approvals.json")


def ask(
    question: QuestionText,
    profile: ProfileFile = DEFAULT_PROFILE,
    purpose: Purpose = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    count: Annotated[
        bool, typer.Option("--count", help="Also count all records that meet the question.")
    ] = False,
    envelope: Annotated[bool, typer.Option("--envelope", help="Show what each source contributed.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Accept an answer with sources missing.")
    ] = False,
    version: Annotated[int | None, typer.Option("--contract-version", help="The contract's major.")] = None,
) -> None:
    """Ask many departments one question and print the answer."""
    dataset, parameters = split(question)
    prefer = ",".join(word for word, wanted in (("count=exact", count), ("partial=allow", partial)) if wanted)
    accept = headers.ANSWER if envelope else headers.JSON
    with _bridge(profile, purpose) as bridge:
        try:
            reply = bridge.ask(dataset, parameters, accept=accept, prefer=prefer or None, version=version)
        except Refused as fault:
            raise show.refuse(fault) from None
        except httpx.HTTPError as fault:
            raise typer.BadParameter(
                f"the gateway does not answer: {fault}", param_hint="--profile"
            ) from None
    console = show.console()
    if json or envelope:
        console.print(show.as_json(reply.data), markup=False, soft_wrap=True)
    else:
        console.print(show.as_table(reply.data))
    if reply.content_range and not json:
        console.print(f"range {reply.content_range}", style="dim")


def explain(question: QuestionText, profile: ProfileFile = DEFAULT_PROFILE, purpose: Purpose = None) -> None:
    """Print the plan that the gateway would run; nothing is read."""
    dataset, parameters = split(question)
    with _bridge(profile, purpose) as bridge:
        try:
            plan = bridge.explain(dataset, parameters)
        except Refused as fault:
            raise show.refuse(fault) from None
    show.console().print("\n".join(show.plan_lines(plan)), markup=False, soft_wrap=True)


def split(question: str) -> tuple[str, dict[str, object]]:
    """The dataset and the POST form of a question written as in a URL; `/` may stand for the first dot."""
    path, _, query = question.partition("?")
    dataset = path.strip("/").removeprefix("records/").replace("/", ".")
    parameters: dict[str, object] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, separator="&"):
        seen = parameters.get(name)
        if seen is None:
            parameters[name] = value
        else:
            parameters[name] = [*(seen if isinstance(seen, list) else [seen]), value]
    return dataset, parameters


def _bridge(profile: Path, purpose: str | None) -> Bridge:
    try:
        return Bridge(Profile.load(profile).with_purpose(purpose))
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None
