"""`langqiao case`: refer to an open case, so that its member may ask departments about whom it is about."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from schemas.trust import cases
from schemas.trust.model import Case
from schemas.trust.signed import DocumentRefused, moment, text_of
from services.cli.signing import private_key

_SALT_BYTES = 16

app = typer.Typer(help="References to open cases, signed by whoever keeps them.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """References to open cases, signed by whoever keeps them."""


@app.command()
def refer(
    document: Annotated[
        Path,
        typer.Argument(
            help="JSON: number, member, opened, and subjects as pairs of kind and identifier.", exists=True
        ),
    ],
    key: Annotated[
        Path, typer.Option("--key", help="Private key of a system with the role cases.", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the reference goes.")],
    hours: Annotated[int, typer.Option("--hours", min=1, max=24, help="How long it is good.")] = 24,
) -> None:
    """Sign a reference to an open case. It names nobody, but can be tried on identifiers: keep it as the case itself.

    A kind of identifier is id-number, credit-code, or the item that a contract's links lead to."""
    now, pair = datetime.now(UTC), private_key(key)
    try:
        content = orjson.loads(document.read_bytes())
        case, opened = _case(content if isinstance(content, dict) else {})
    except (orjson.JSONDecodeError, DocumentRefused) as fault:
        raise typer.BadParameter(f"{document}: {fault}") from None
    out.touch(mode=0o600)
    out.write_text(cases.refer(case, pair, opened=opened, now=now, until=now + timedelta(hours=hours)))
    typer.echo(f"signed {out}")


def _case(content: dict[str, Any]) -> tuple[Case, datetime]:
    """The case that a document describes, and when it was opened; DocumentRefused."""
    number, member = text_of(content, "number"), text_of(content, "member")
    if not cases.is_number(number):
        raise DocumentRefused("malformed", "number has at most 64 letters, digits, dots and dashes")
    listed = content.get("subjects")
    pairs = listed if isinstance(listed, list) else []
    if not pairs or not all(
        isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) and part for part in one)
        for one in pairs
    ):
        raise DocumentRefused("malformed", "subjects is a list of pairs of kind and identifier")
    subjects, opened = [(kind, value) for kind, value in pairs], moment(content, "opened")
    return cases.case_of(number, member, subjects, secrets.token_bytes(_SALT_BYTES)), opened
