"""`langqiao keys rotate pseudonym` and `langqiao keys retire pseudonym`: another key for a department's record ids, and
the end of the one before; commands of `keys`."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.configured import configured
from services.cli.files import using
from services.engine.access.putting import put
from services.engine.pseudonym_keys import LEAST_BYTES, PseudonymKey, read_keys, write_keys
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.capture.database import Database
    from services.engine.capture.naming import Namer

#: Stands in place of a system's id, in which there is a slash.
PSEUDONYM = "pseudonym"

#: Records in one transaction, and the rest after it.
_CHUNK, _MOMENT_SECONDS = 500, 0.01


class _NotYet(Exception):
    """The key before cannot be retired; says why."""


def follow_pseudonym(path: Path | None) -> None:
    """Put a new key before those of a file, for relay and service to take in."""
    if path is None:
        raise typer.BadParameter("name the file of the pseudonym key", param_hint="--key")
    key = PseudonymKey(secrets.token_bytes(LEAST_BYTES))
    with using(path, "--key"):
        keys = read_keys(path.read_bytes())
        put(path, write_keys([key, *keys]))
    typer.echo(f"{path}: {key.fingerprint} follows {keys[0].fingerprint}.")
    typer.echo(
        "The relay tells every record by its new id; when it has, see `langqiao keys retire pseudonym`."
    )


def retire(
    what: Annotated[
        Literal["pseudonym"], typer.Argument(help="Of which sort; the others end by the registry.")
    ],
) -> None:
    """End the overlap: records are found by the ids of the newest pseudonym key alone.

    The LANGQIAO_… settings say whose. Earlier keys stay in the file, marked as retired, for the access log finds a
    person's entries of before by them: take one out only when its entries are gone, three years after.
    """
    from services.cli.at_database import at_database

    settings = configured(Settings)
    path = settings.pseudonym_key_file
    with using(path):
        keys, now = read_keys(path.read_bytes()), datetime.now(UTC).replace(microsecond=0).isoformat()
    if len(keys) == 1:
        raise typer.BadParameter(f"{path} holds one key alone, which names")
    retired = [keys[0], *(PseudonymKey(one.secret, one.retired or now) for one in keys[1:])]
    refused = "The engine's tables cannot be read"
    namers = _namers(settings, retired)
    try:
        at_database(settings, lambda database: _require_all_told(database, namers, keys[0]), refused)
        # The file first, so that nobody keeps another id meanwhile.
        with using(path):
            put(path, write_keys(retired))
        at_database(settings, lambda database: _forget(database, namers), refused)
    except _NotYet as fault:
        typer.echo(f"No key is retired: {fault}.", err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{path}: {keys[0].fingerprint} names alone; {len(keys) - 1} earlier keys serve the access log."
    )


def _namers(settings: Settings, keys: Sequence[PseudonymKey]) -> "dict[str, Namer]":
    """Of the department's pseudonymous datasets."""
    from services.cli.feeds import feeds_read
    from services.engine.pseudonym_keys import PseudonymKeys

    feeds = feeds_read(settings, PseudonymKeys(keys))
    return {one.dataset: one.namer for one in feeds if one.namer.pseudonymous}


async def _require_all_told(database: "Database", namers: "dict[str, Namer]", newest: PseudonymKey) -> None:
    from services.engine.capture import naming, renaming

    stand = await database.read(naming.stand)
    if not stand.turns or stand.turns[-1].fingerprint != newest.fingerprint:
        raise _NotYet("the relay has not let the newest key name yet")
    untold = await database.read(renaming.untold, list(namers))
    if untold:
        raise _NotYet(f"not every record is told by its new id yet, of {', '.join(untold)}")


async def _forget(database: "Database", namers: "dict[str, Namer]") -> None:
    from services.engine.capture import renaming

    for dataset, namer in namers.items():
        left = _CHUNK
        while left:
            left = await database.write(renaming.retire_some, namer, dataset, _CHUNK)
            # A record that a writer holds is met again.
            await asyncio.sleep(_MOMENT_SECONDS)
