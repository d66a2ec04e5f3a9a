"""`langqiao ask`: one question to the gateway, from the command line."""

from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

import typer

from schemas.wire import headers
from services.cli import show
from services.cli.caller import DEFAULT_PROFILE, ProfileFile, Purpose, calling, load_profile

QuestionText = Annotated[
    str, typer.Argument(help="A dataset and a query: 'market_regulation.enterprises?select=name&limit=3'.")
]

app = typer.Typer()


@app.command()
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
    case: Annotated[
        Path | None,
        typer.Option(
            "--case",
            help="The signed reference of the open case that it is for.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    version: Annotated[
        int | None, typer.Option("--contract-version", min=1, help="The contract's major; none: the lowest.")
    ] = None,
) -> None:
    """Ask many departments one question and print the answer."""
    dataset, parameters = split(question)
    prefer = ",".join(word for word, wanted in (("count=exact", count), ("partial=allow", partial)) if wanted)
    accept = headers.ANSWER if envelope else headers.JSON
    reference = None if case is None else case.read_text().strip()
    with calling(load_profile(profile).with_purpose(purpose)) as bridge:
        reply = bridge.ask(
            dataset, parameters, accept=accept, prefer=prefer or None, version=version, case=reference
        )
    if json or envelope:
        typer.echo(show.as_json(reply.data))
        return
    console = show.console()
    console.print(show.as_table(reply.data))
    if reply.content_range:
        console.print(f"range {reply.content_range}", style="dim")


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
