"""Grants that are brought: in force at once, on the disk, and known to a restart; while their signer is trusted, and of
now alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.trust import keys, signed
from schemas.trust.authority import Authority
from schemas.trust.grants import LONGEST, number_at
from schemas.trust.signed import DocumentRefused
from schemas.trust.word import LEEWAY
from services.engine.access.kept_grants import KeptGrants

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_NUMBER = number_at(_NOW)
_KEY, _OTHER, _ENDED = keys.new_key(), keys.new_key(), keys.new_key()
_TRUSTED = Authority(
    {one.key_id: one.public_hex for one in (_KEY, _OTHER, _ENDED)}, {_ENDED.key_id: _NOW - timedelta(days=1)}
)
_GRANT = {
    "id": "G-1",
    "member": "330200.approvals",
    "dataset": "workshop.tools",
    "items": ["holder"],
    "purpose": "x",
    "not_before": _NOW.isoformat(),
    "expires": (_NOW + timedelta(days=400)).isoformat(),
}
_MOMENT = timedelta(milliseconds=1)


def _kept(folder: Path) -> KeptGrants:
    return KeptGrants(folder / "grants" / "node.jws", _TRUSTED, "330200.workshop")


def _text(
    number: int = _NUMBER,
    key: keys.KeyPair = _KEY,
    *,
    issued: datetime = _NOW,
    good_for: timedelta = timedelta(hours=1),
) -> str:
    dates = {"issued": issued.isoformat(), "expires": (_NOW + good_for).isoformat()}
    return signed.sign({"number": number, **dates, "grants": [_GRANT]}, key)


def test_what_is_brought_is_in_force_at_once_and_after_a_restart(tmp_path: Path) -> None:
    kept = _kept(tmp_path)
    kept.refresh()
    kept.bring(_text(), _NOW)
    assert (kept.value.number, kept.why_not(_NOW)) == (_NUMBER, None)
    after = _kept(tmp_path)
    after.refresh()
    assert after.value == kept.value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_text(_NUMBER - 1), "older"),
        (_text(key=keys.new_key()), "unknown-key"),
        (_text(key=_ENDED), "retired-key"),
        (_text(key=_ENDED, issued=_NOW - timedelta(days=2)), "retired-key"),
        (_text(good_for=timedelta()), "expired"),
        (_text(good_for=LONGEST + LEEWAY + _MOMENT), "too-long"),
        (_text(number_at(_NOW + LEEWAY + _MOMENT)), "not-yet-valid"),
        (_text(10**15), "not-yet-valid"),
        ("no document", "malformed"),
    ],
    ids=[
        "older",
        "of another signer",
        "of a key that has ended",
        "of a key that has ended, and dated back",
        "expired",
        "good for too long",
        "of a number to come",
        "of a far number",
        "no document",
    ],
)
def test_what_is_no_better_or_not_of_now_changes_nothing(tmp_path: Path, text: str, reason: str) -> None:
    kept = _kept(tmp_path)
    kept.bring(_text(), _NOW)
    with pytest.raises(DocumentRefused) as refused:
        kept.bring(text, _NOW)
    assert refused.value.reason == reason
    kept.refresh()
    assert (kept.value.number, kept.why_not(_NOW)) == (_NUMBER, None)


def test_what_is_at_the_bounds_is_taken(tmp_path: Path) -> None:
    kept = _kept(tmp_path)
    kept.bring(_text(number_at(_NOW + LEEWAY), good_for=LONGEST + LEEWAY), _NOW)
    assert "G-1" in kept.value.by_id


@pytest.mark.parametrize("by", [{}, {_KEY.key_id: _OTHER.public_hex}], ids=["removed", "of another's now"])
def test_grants_do_not_outlive_their_signer_here_nor_after_a_restart(
    tmp_path: Path, by: dict[str, str]
) -> None:
    kept = _kept(tmp_path)
    kept.bring(_text(), _NOW)
    kept.trust(Authority({_OTHER.key_id: _OTHER.public_hex, **by}))
    assert (kept.value.by_id, kept.value.number) == ({}, 0)
    kept.refresh()
    assert (kept.value.by_id, kept.why_not(_NOW) is None) == ({}, False)
    after = KeptGrants(kept.path, kept.trusted, kept.owner)
    after.refresh()
    assert after.value.by_id == {}


def test_they_are_back_with_their_signer_and_nothing_older_comes_meanwhile(tmp_path: Path) -> None:
    kept = _kept(tmp_path)
    kept.bring(_text(), _NOW)
    kept.trust(Authority({_OTHER.key_id: _OTHER.public_hex}))
    with pytest.raises(DocumentRefused) as refused:
        kept.bring(_text(_NUMBER - 1, _OTHER), _NOW)
    assert refused.value.reason == "older"
    kept.trust(_TRUSTED)
    kept.refresh()
    assert "G-1" in kept.value.by_id


def test_what_a_key_signed_before_it_ended_holds_until_it_expires(tmp_path: Path) -> None:
    kept = _kept(tmp_path)
    kept.bring(_text(), _NOW)
    kept.trust(Authority(_TRUSTED.keys, {_KEY.key_id: _NOW + timedelta(seconds=1)}))
    for holder in (kept, KeptGrants(kept.path, kept.trusted, kept.owner)):
        holder.refresh()
        assert "G-1" in holder.value.by_id


def test_a_revocation_holds_though_the_disk_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "grants").write_text("a file stands where the folder should be")
    kept = _kept(tmp_path)
    with pytest.raises(OSError, match=r"exists|Not a directory"):
        kept.bring(_text(), _NOW)
    assert kept.value.number == _NUMBER
