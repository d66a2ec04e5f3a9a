"""Where a node's checkpoints are told: on a control topic that every member may read, where there is one."""

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract
from services.engine.checkpointing import majors_told_first
from tests import workshop

_CLOSED = workshop.contract(workshop.LOANS, 1, (workshop.LOANS_1.items["borrower"],), ("borrower",))


def _first(*contracts: Contract) -> list[tuple[str, int]]:
    return majors_told_first(Catalogue(contracts))


def test_they_are_told_where_every_member_may_read_them() -> None:
    open_ones = [(workshop.TOOLS, 1), (workshop.TOOLS, 2)]
    assert _first(workshop.TOOLS_2, _CLOSED, workshop.TOOLS_1) == [*open_ones, (workshop.LOANS, 1)]
    assert _first(workshop.TOOLS_1, workshop.LOANS_1) == [(workshop.LOANS, 1), (workshop.TOOLS, 1)]
    assert _first(_CLOSED) == [(workshop.LOANS, 1)]
