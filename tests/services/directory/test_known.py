"""What an operator knows of members and grants once the authority's key has handed over: all that either key signed."""

from pathlib import Path
from typing import Any

import pytest

from schemas.trust import keys, signed
from services.directory.known import CannotKnow, members, publishers
from services.directory.settings import Operator
from tests.schemas.trust.registries import DAY, NOW, handed, registry, trusting
from tests.services.directory.bridge import PUBLISHER

_FIRST, _NEXT = keys.new_key(), keys.new_key()


def _grants(key: keys.KeyPair) -> str:
    dates = {"issued": NOW.isoformat(), "expires": (NOW + DAY).isoformat()}
    return signed.sign({"number": 4, **dates, "grants": []}, key)


def _operator(folder: Path, by: keys.KeyPair, **said: Any) -> Operator:
    (folder / "registry.jws").write_text(registry(3, by, **said))
    (folder / "grants.jws").write_text(_grants(by))
    return Operator(
        departments=(PUBLISHER,),
        environment="city",
        registry_file=folder / "registry.jws",
        grants_files={PUBLISHER: folder / "grants.jws"},
        authority_keys=trusting(_FIRST),
    )


@pytest.mark.parametrize("by", [_FIRST, _NEXT], ids=["first", "next"])
def test_the_keys_that_were_told_lead_to_the_next_one(tmp_path: Path, by: keys.KeyPair) -> None:
    operator = _operator(tmp_path, by, authority=[handed(_FIRST, _NEXT, NOW + DAY)])
    known = members(operator)
    assert known is not None
    assert known.number == 3
    assert [one.grants.number for one in publishers(operator)] == [4]


def test_a_key_that_nobody_handed_over_to_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(CannotKnow, match=r"registry\.jws: unknown-key"):
        members(_operator(tmp_path, _NEXT))
