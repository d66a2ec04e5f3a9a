"""A file or folder that an option names, each fault of it as a sentence; used by the nouns that read and write keys and
signed documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from schemas.trust.signed import DocumentRefused


@contextmanager
def using(path: Path, option: str | None = None) -> Iterator[None]:
    """Within the block the file is read, or written: a wrong use of the option where that cannot be, and where it holds
    something else than is looked for there, which a ValueError or DocumentRefused says."""
    try:
        yield
    except OSError as fault:
        raise typer.BadParameter(f"{path}: {fault.strerror}", param_hint=option) from None
    except (ValueError, DocumentRefused) as fault:
        raise typer.BadParameter(f"{path}: {fault}", param_hint=option) from None
