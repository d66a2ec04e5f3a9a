"""`langqiao evidence`: keep what departments signed of an answer, and see later, offline, what of it holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from services.cli import show
from services.cli.ask import QuestionText, split
from services.cli.caller import DEFAULT_PROFILE, REFUSED, ProfileFile, Purpose, calling, load_profile
from services.cli.registries import Authority, Registries, history_of
from services.engine.access.putting import put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.trust.evidence import Part
    from schemas.trust.evidence_judged import Judged

_FORM = 1

app = typer.Typer(help="Answers that departments signed, kept and checked.", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(help="The file of evidence.", exists=True, dir_okay=False)]


@app.callback()
def group() -> None:
    """Answers that departments signed, kept and checked."""


@app.command()
def save(
    file: Annotated[Path, typer.Argument(help="Where the evidence goes; only you can read it.")],
    question: QuestionText,
    profile: ProfileFile = DEFAULT_PROFILE,
    purpose: Purpose = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Accept an answer with sources missing.")
    ] = False,
) -> None:
    """Ask a question and keep what each department signed of its answer, to the byte.

    Time tokens follow when other members hold the departments' logs: `evidence stamp` fetches them. Exit code 1 when a
    department that was asked signed nothing.
    """
    from services.client.evidence import ask

    if file.exists():
        raise typer.BadParameter(f"{file} exists; evidence is never overwritten", param_hint="FILE")
    dataset, parameters = split(question)
    with calling(load_profile(profile).with_purpose(purpose)) as bridge:
        proof = ask(bridge, dataset, parameters, prefer="partial=allow" if partial else None)
    _write(file, proof.parts)
    typer.echo(f"{len(proof.parts)} signed answers of {_nodes(proof.parts) or 'nobody'} in {file}.")
    for node in proof.unsigned:
        typer.echo(f"{node} signed nothing.", err=True)
    raise typer.Exit(REFUSED if proof.unsigned or not proof.parts else 0)


@app.command()
def stamp(file: _File, profile: ProfileFile = DEFAULT_PROFILE) -> None:
    """Fetch the time tokens that there are by now, and put them into the file.

    Exit code 1 when a signed answer has none yet: try again in a minute.
    """
    from services.client.evidence import with_tokens

    parts = _read(file)
    with calling(load_profile(profile)) as bridge:
        stamped = with_tokens(bridge, parts)
    _write(file, stamped)
    without = [one for one in stamped if not one.tokens]
    typer.echo(f"{len(stamped) - len(without)} of {len(stamped)} signed answers have a time token.")
    raise typer.Exit(REFUSED if without else 0)


@app.command()
def receipts(file: _File) -> None:
    """Print the receipts, one a line, as `log verify --receipts` takes them: to hold the department's log against."""
    for one in _read(file):
        for text, _ in one.receipts():
            typer.echo(text)


@app.command()
def verify(
    file: _File,
    registry: Registries,
    authority: Authority,
    without_time: Annotated[
        bool, typer.Option("--without-time", help="Take the department's own word for the time of signing.")
    ] = False,
    as_lines: Annotated[bool, typer.Option("--json", help="Each finding as a line of JSON.")] = False,
) -> None:
    """Say what holds of evidence and what does not, by the registries of its day. Needs no network.

    No value of a question or an answer is printed. Exit code 1 when anything does not hold.
    """
    from schemas.trust.evidence_judged import Check, judge

    history = history_of(registry, authority)
    found = [judge(one, history) for one in _read(file)]
    taken = {Check.TIME} if without_time else set()
    bad = sum(not one.holds for each in found for one in each.findings if one.check not in taken)
    for place, one in enumerate(found, start=1):
        _show(place, one, as_lines)
    if not as_lines:
        typer.echo(f"{len(found)} signed answers: {'all of it holds' if not bad else f'{bad} checks fail'}.")
    raise typer.Exit(REFUSED if bad or not found else 0)


def _show(place: int, one: "Judged", as_lines: bool) -> None:
    if not as_lines:
        when = one.created.isoformat() if one.created is not None else "an unknown time"
        typer.echo(f"{place}. {one.node}, {one.dataset}, signed at {when} for {one.member or 'nobody known'}")
    for each in one.findings:
        if as_lines:
            said: dict[str, Any] = {"part": place, "node": one.node, "dataset": one.dataset}
            said |= {"member": one.member, "check": each.check, "holds": each.holds}
            typer.echo(show.as_line(said | {"reason": each.reason or None, "detail": each.detail}))
        else:
            verdict = "holds" if each.holds else f"FAILS ({each.reason})"
            typer.echo(f"   {each.check:<9} {verdict}: {each.detail}")


def _read(file: Path) -> "list[Part]":
    from schemas.trust.evidence import BadPart, read_part

    try:
        said = orjson.loads(file.read_bytes())
        parts = said["parts"] if isinstance(said, dict) and said.get("evidence") == _FORM else None
        if not isinstance(parts, list):
            raise BadPart("it holds no list of parts")
        return [read_part(one) for one in parts]
    except (orjson.JSONDecodeError, KeyError, BadPart) as fault:
        raise typer.BadParameter(f"{file} is no file of evidence: {fault}", param_hint="FILE") from None


def _write(file: Path, parts: "Sequence[Part]") -> None:
    """For our own user alone: whoever reads it sees what was asked and answered."""
    put(file, orjson.dumps({"evidence": _FORM, "parts": [one.document() for one in parts]}))


def _nodes(parts: "Sequence[Part]") -> str:
    return ", ".join(sorted({one.node for one in parts}))
