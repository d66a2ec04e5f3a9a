"""What is open to everybody joins what is open to everybody, also where the joined item is personal."""

from pathlib import Path

import httpx
import pytest

from schemas.trust import keys
from tests.flow.access.calling import WHO
from tests.flow.access.declared import Dataset, Item, Link
from tests.flow.access.wishes import OWNER
from tests.flow.access.world import GATEWAY, Clock, Trust, running

_OPEN, _PERSON = Item("open"), Item("open", personal=True)
_PERMITS = Dataset(
    "land_office.permits",
    {"permit_no": _OPEN, "holder": _PERSON},
    links=(Link("person", "holder", "land_office.persons", "number", "permits"),),
)
_PERSONS = Dataset("land_office.persons", {"number": _PERSON, "trade": _OPEN})
_RECORDS = {
    "land_office.permits": ({"permit_no": "P1", "holder": "H1"}, {"permit_no": "P2", "holder": "H2"}),
    "land_office.persons": ({"number": "H1", "trade": "boats"}, {"number": "H2", "trade": "nets"}),
}


@pytest.mark.parametrize(
    ("dataset", "asked", "answered"),
    [
        (
            "permits",
            {"select": "permit_no,person(trade)", "order": "permit_no", "permit_no": "eq.P1"},
            [{"permit_no": "P1", "person": {"trade": "boats"}}],
        ),
        (
            "persons",
            {"select": "trade,permits(permit_no)", "number": "eq.H2"},
            [{"trade": "nets", "permits": [{"permit_no": "P2"}]}],
        ),
    ],
)
async def test_nobody_in_particular_is_answered_across_a_link_of_open_personal_items(
    tmp_path: Path, dataset: str, asked: dict[str, str], answered: list[object]
) -> None:
    systems = {system: keys.new_key() for system in (*{one for one, _ in WHO.values()}, GATEWAY)}
    trust = Trust(tmp_path, Clock(), systems)
    trust.write_registry()
    trust.write_grants([])
    async with running(tmp_path, trust, {OWNER: (_PERMITS, _PERSONS)}, lambda member: _RECORDS) as world:
        call = httpx.Request("POST", f"http://bridge/records/land_office/{dataset}/query", json=asked)
        answer = await world.ask("gateway", call)
    assert (answer.status_code, answer.json()) == (200, answered)
