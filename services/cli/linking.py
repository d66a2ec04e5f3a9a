"""`langqiao keys link`: the keys by which join keys of a link travel sealed, made and followed by others while all run;
a command of `keys`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from schemas.trust.link_keys import (
    Ends,
    LinkKey,
    LinkKeys,
    ends_of,
    new_link_key,
    read_link_keys,
    seals,
    write_link_keys,
)
from services.cli import show
from services.cli.files import using
from services.engine.access.putting import put

_END = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2}")

One = Annotated[
    str, typer.Argument(help="One end of the link, <dataset>.<item>, as public_security.residents.id_number.")
]
Other = Annotated[str, typer.Argument(help="Its other end.")]
Into = Annotated[
    list[Path],
    typer.Option(
        "--into", help="File of a department's link keys, for each that holds an end; made when missing."
    ),
]
Taken = Annotated[
    Path | None,
    typer.Option(
        "--from", help="Bring the keys that another department's file holds; no new one is made.", exists=True
    ),
]
Lead = Annotated[
    int, typer.Option("--lead", min=0, help="Seconds until a key that follows seals: until all have it.")
]
Overlap = Annotated[
    float, typer.Option("--overlap", min=0, help="Hours that the keys before it open after that.")
]


def link(
    one: One, other: Other, into: Into, taken: Taken = None, lead: Lead = 60, overlap: Overlap = 24.0
) -> None:
    """Make a link's key, or let another follow, in the files of its departments alike.

    The first seals at once; one that follows after --lead, and those before it open for --overlap hours more.

    Where the departments' files are at different places, make the key in one, with a --lead of as long as it takes to
    carry that file over, and bring it into the other with --from.
    """
    for end in (one, other):
        if not _END.fullmatch(end):
            raise typer.BadParameter(f"an end of a link is <kind>.<dataset>.<item>, not {end}")
    ends, now = ends_of(one, other), datetime.now(UTC).replace(microsecond=0)
    files = {path: _read(path, "--into") if path.exists() else LinkKeys() for path in into}
    given = [] if taken is None else [_read(taken, "--from")]
    held = _together(ends, [*files.values(), *given], now)
    if taken is None:
        begins = now + timedelta(seconds=lead) if held else now
        held = (
            LinkKeys({ends: held})
            .followed(ends, new_link_key(begins), begins + timedelta(hours=overlap), now)
            .of[ends]
        )
    if not held:
        raise typer.BadParameter(f"{taken} holds no key of this link", param_hint="--from")
    for path, keys in files.items():
        with using(path, "--into"):
            put(path, write_link_keys(LinkKeys({**keys.of, ends: held})))
    last = held[-1]
    said = {
        "ends": ends,
        "seals": seals(held, now).key_id,
        "follows": last.key_id,
        "begins": last.begins.isoformat(),
    }
    show.console().print(show.as_json(said), markup=False, soft_wrap=True)


def _read(path: Path, option: str) -> LinkKeys:
    with using(path, option):
        return read_link_keys(path.read_bytes())


def _together(ends: Ends, files: Iterable[LinkKeys], now: datetime) -> tuple[LinkKey, ...]:
    """All keys of a link that one of the files holds: whoever joins later is to open what the others seal."""
    found = {one.key_id: one for keys in files for one in keys.held(ends, now)}
    return tuple(sorted(found.values(), key=lambda one: one.begins))
