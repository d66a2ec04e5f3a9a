"""One signed document, checked and signed; the nouns `registry` and `grants` are each such a document."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from schemas.trust import keys, signed
from schemas.trust.signed import DocumentRefused


def signing(what: str, check: Callable[[Any], None]) -> typer.Typer:
    """The noun of a signed document; `check` raises DocumentRefused for what nodes would not take."""
    noun = typer.Typer(help=f"The {what} as a signed document.", no_args_is_help=True)

    @noun.callback()
    def group() -> None:
        pass

    @noun.command(help=f"Check and sign the {what}.")
    def sign(
        document: Annotated[
            Path, typer.Argument(help="JSON: number, issued, expires and the list.", exists=True)
        ],
        key: Annotated[
            Path,
            typer.Option("--key", help="The authority's private key, as `keys new` makes it.", exists=True),
        ],
        out: Annotated[Path, typer.Option("--out", help="Where the signed document goes.")],
    ) -> None:
        try:
            content = orjson.loads(document.read_bytes())
            check(content)
        except (orjson.JSONDecodeError, DocumentRefused) as fault:
            raise typer.BadParameter(f"{document}: {fault}") from None
        out.write_text(signed.sign(content, keys.read_private(key.read_bytes())))
        typer.echo(f"signed {out}")

    return noun
