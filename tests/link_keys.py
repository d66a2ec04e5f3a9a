"""Keys of links for departments that run in tests: for each a file with those of its own links that travel sealed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_readable
from schemas.trust.link_keys import LinkKeys, new_link_key, write_link_keys
from schemas.trust.sealing import sealed_links


def keys_file(folder: Path, member: str) -> Path:
    """Where a department's keys are."""
    return folder / f"{member}.link-keys.json"


def write_keys(folder: Path, contracts: Iterable[Path], members: Iterable[str]) -> None:
    """The files of these members, for all links between the contracts of these folders; sealed by since yesterday."""
    begins = datetime.now(UTC) - timedelta(days=1)
    known = Catalogue(one for each in contracts for one in load_readable(each))
    keys = {ends: (new_link_key(begins),) for ends in sealed_links(known)}
    for member in members:
        kind = member.partition(".")[2]
        own = {ends: each for ends, each in keys.items() if kind in {end.partition(".")[0] for end in ends}}
        keys_file(folder, member).write_bytes(write_link_keys(LinkKeys(own)))
