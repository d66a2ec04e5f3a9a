"""The descriptor that a node serves at `/catalogue`: who it is, what it offers, and the contracts in full.

A gateway answers with the same form for its whole area, so a gateway can stand where a node stands.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Offering(BaseModel):
    """A dataset at one node: which majors, for which divisions, how many records, and by which way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    majors: tuple[int, ...]
    provider: str
    coverage: tuple[str, ...]
    copy_of: str | None = None
    records: int
    estimated_at: str
    max_rows: int
    topics: dict[str, str] = {}
    via: tuple[str, ...] = ()


class Descriptor(BaseModel):
    """One node's catalogue. `contracts` holds each served contract as its ODCS document (JSON form)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: str
    division: str
    role: str = "department"
    offerings: tuple[Offering, ...]
    contracts: tuple[dict[str, Any], ...]
