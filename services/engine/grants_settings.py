"""Settings of where grants come from, and of an office that issues them; part of `settings`."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from services.engine.settings import Settings


class GrantsSettings(BaseModel):
    """What `Settings` says of grants, for it alone."""

    grants_from: str | None = Field(
        None,
        description="Base URL of the office that issues this department's grants, asked each second by the node's own"
        " key; unset: they are what grants_file says.",
    )
    grants_folder: Path | None = Field(
        None,
        description="Folder of the grants that were fetched, which a restart must know; unset: grants beside the"
        " pseudonym key.",
    )
    grants_key_file: Path | None = Field(
        None,
        description="PEM of the key with which an office issues grants, which the registry lists with the role office;"
        " unset: this department issues none.",
    )
    node_urls: dict[str, str] = Field(
        {},
        description="Base URLs of the nodes where an office looks whether a record was corrected, and by the access log"
        " who had received it, JSON: node id -> URL; of others it closes no correction request as corrected.",
    )
    calendars_folder: Path | None = Field(
        None,
        description="Folder of official calendars, <year>.json, for years that the library does not know yet; unset: a"
        " due day beyond them stays pending.",
    )


def grants_in_force(settings: "Settings") -> Path | None:
    """The file of the grants: the one that was put there, or the one of those that were fetched; asked by the gate."""
    if settings.grants_from is None:
        return settings.grants_file
    folder = settings.grants_folder or settings.pseudonym_key_file.parent / "grants"
    return folder / f"{settings.node_id}.jws"
