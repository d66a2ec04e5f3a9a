"""`langqiao registry`: sign the member registry, so that nodes will read it."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from schemas.trust import keys, signed
from schemas.trust.registry import check_document
from schemas.trust.signed import DocumentRefused

app = typer.Typer(help="The member registry as a signed document.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The member registry as a signed document."""


@app.command()
def sign(
    document: Annotated[
        Path, typer.Argument(help="JSON: number, issued, expires and the list.", exists=True)
    ],
    key: Annotated[
        Path, typer.Option("--key", help="The authority's private key, as `keys new` makes it.", exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the signed document goes.")],
) -> None:
    """Check and sign the member registry."""
    try:
        content = orjson.loads(document.read_bytes())
        check_document(content)
    except (orjson.JSONDecodeError, DocumentRefused) as fault:
        raise typer.BadParameter(f"{document}: {fault}") from None
    out.write_text(signed.sign(content, keys.read_private(key.read_bytes())))
    typer.echo(f"signed {out}")
