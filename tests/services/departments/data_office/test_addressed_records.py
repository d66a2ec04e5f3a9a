"""An id that names somebody is entered as asked about them; but it says nothing of a record, which may not be there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.trust.mandates import Mandate, sign_mandate
from schemas.trust.vouching import Vouched, digest_of, filing, vouch
from tests.services.departments.data_office.asked_node import (
    CORRECTION,
    DATASET,
    DESK,
    OFFICE,
    OWNER,
    REGISTER,
    Asked,
    make_asked,
)
from tests.services.engine.api import office
from tests.services.engine.api.logged import named

_VISIT, _ENTERPRISE = "identified:visit-1", "91330100MA0TEXT128"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """A department whose records have the credit codes of enterprises for public keys; that of this one it has not."""
    asked = make_asked(tmp_path)
    [path] = (tmp_path / "contracts").rglob("vehicles.v1.odcs.yaml")
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    [key] = [one for one in contract["schema"][0]["properties"] if one["name"] == "plate"]
    key["logicalTypeOptions"] = {"format": "credit-code"}
    next(one for one in contract["customProperties"] if one["property"] == "subjects")["value"].append(
        "plate"
    )
    path.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    return asked


def _word(asked: Asked) -> dict[str, Any]:
    said = Vouched(DESK, office.owner_id(0), _VISIT, asked.clock(), _ENTERPRISE, filing(DATASET, _ENTERPRISE))
    word = vouch(said, asked.systems[DESK])
    mandate = sign_mandate(Mandate(REGISTER, digest_of(word)), asked.systems[f"{REGISTER}/node"])
    return {"vouched": word, "mandates": [mandate]}


async def _answered(asked: Asked, path: str, purpose: str, body: Mapping[str, Any]) -> bytes:
    async with asked.running() as node, asked.client(node, f"{OFFICE}/node", purpose, OWNER) as client:
        answer = await client.post(path, json={"dataset": DATASET, "record": _ENTERPRISE, **body})
    assert answer.status_code == 200, answer.text
    assert named("credit-code", _ENTERPRISE) in asked.lines()[-1].said["subjects"]
    return answer.content


async def test_a_record_that_is_not_there_is_not_about_its_key(asked: Asked) -> None:
    assert await _answered(asked, "/log/about-record", _VISIT, _word(asked)) == b'{"about":false}'


async def test_of_a_record_that_is_not_there_the_log_names_nobody(asked: Asked) -> None:
    first, *_ = (await _answered(asked, "/log/entries", f"grant:{CORRECTION}", {"limit": 1})).splitlines()
    assert first == b'{"subjects":[],"told":false}'
