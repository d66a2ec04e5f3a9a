"""The descriptor that a node serves at `/catalogue`: who it is, what it offers, and the contracts in full.

A gateway answers with the same form for its whole area, so a gateway can stand where a node stands.
"""

from datetime import date
from typing import Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)


class Retiring(BaseModel):
    """A major that ends: since when its users know, the first day on which it is no more, whether it is already, and
    which major to use instead (None: none follows)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    major: int
    noticed_at: AwareDatetime
    ends_on: date
    retired: bool
    instead: int | None = None


class Offering(BaseModel):
    """A dataset at one node: which majors, for which divisions, how many records, and by which way. A retired one is no
    longer among the majors. `retiring` is left out where nothing is, for a gateway of before knows no such member."""

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
    retiring: tuple[Retiring, ...] = ()

    @model_serializer(mode="wrap")
    def _said(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = written(self)
        if not self.retiring:
            said.pop("retiring", None)
        return said


class Descriptor(BaseModel):
    """One node's catalogue. `contracts` holds each contract as its ODCS document (JSON form), those of majors that were
    retired as well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: str
    division: str
    role: str = "department"
    offerings: tuple[Offering, ...]
    contracts: tuple[dict[str, Any], ...]
