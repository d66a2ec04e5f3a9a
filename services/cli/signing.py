"""One signed document, checked and signed; the nouns `registry` and `grants` are each such a document. And the private
key that a command signs with, which `case` reads too."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from schemas.trust import signed
from schemas.trust.handing import text_of
from schemas.trust.keys import KeyPair
from schemas.trust.ring import read_ring
from schemas.trust.signed import DocumentRefused, number_of
from services.cli.files import using
from services.engine.access.putting import put

#: A signed document holds nothing secret, and other users' processes read it.
_FOR_ALL = 0o644


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
        pair = private_key(key)
        with using(document):
            content = orjson.loads(document.read_bytes())
            check(content)
        with using(out, "--out"):
            check_follows(out, number_of(content))
            put_signed(out, signed.sign(content, pair))
        typer.echo(f"signed {out}")

    return noun


def check_follows(out: Path, number: int) -> None:
    """That no signed document stands there that is as high, or higher: whoever has it takes none that is not above it.
    Raises ValueError, OSError."""
    try:
        held = number_of(signed.unchecked(text_of(out.read_bytes())))
    except (FileNotFoundError, DocumentRefused):
        return
    if held >= number:
        raise ValueError(
            f"number {held} stands there, and number {number} does not follow it; nothing is written"
        )


def put_signed(out: Path, text: str) -> None:
    """Put a signed document in the place of the one before it, at once: whoever follows that file meets one or the
    other whole. What is no file is written to. Raises OSError."""
    if out.exists() and not out.is_file():
        out.write_text(text)
    else:
        put(out, text.encode(), _FOR_ALL)


def private_key(path: Path, option: str = "--key") -> KeyPair:
    """The key in a file that signs now; a wrong use of the option where it holds none, or cannot be read."""
    with using(path, option):
        return read_ring(path.read_bytes()).at(datetime.now(UTC))
