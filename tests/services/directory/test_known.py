"""What an operator takes for granted: grants that the authority signed, or an office above the department."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust import keys, signed
from services.directory.known import CannotKnow, publishers
from services.directory.settings import Operator

_DEPARTMENT = "330203.taxation"


def _operator(folder: Path, office: str, *, registered: bool = True) -> Operator:
    """An operator who has a registry, and grants that an office signed."""
    now = datetime.now(UTC)
    dates = {"number": 1, "issued": now.isoformat(), "expires": (now + timedelta(days=1)).isoformat()}
    authority, key = keys.new_key(), keys.new_key()
    line = {
        "id": office,
        "system": f"{office}/grants",
        "role": "office",
        "keys": {key.key_id: key.public_hex},
    }
    (folder / "registry.jws").write_text(signed.sign({**dates, "members": [line]}, authority))
    (folder / "grants.jws").write_text(signed.sign({**dates, "grants": []}, key))
    return Operator(
        departments=(_DEPARTMENT,),
        environment="demo",
        registry_file=folder / "registry.jws" if registered else None,
        grants_files={_DEPARTMENT: folder / "grants.jws"},
        authority_keys={authority.key_id: authority.public_hex},
    )


def test_grants_of_an_office_above_the_department_are_honoured(tmp_path: Path) -> None:
    [publisher] = publishers(_operator(tmp_path, "330200.data_office"))
    assert publisher.grants.number == 1


def test_grants_of_another_area_s_office_are_not(tmp_path: Path) -> None:
    with pytest.raises(CannotKnow, match="unknown-key"):
        publishers(_operator(tmp_path, "330100.data_office"))


def test_without_a_registry_nobody_is_an_office(tmp_path: Path) -> None:
    with pytest.raises(CannotKnow, match="unknown-key"):
        publishers(_operator(tmp_path, "330200.data_office", registered=False))
