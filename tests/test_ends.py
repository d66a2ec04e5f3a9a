"""A test of hostile input breaks off what does not end, whatever that catches."""

import pytest

from tests import ends


def _endless() -> None:
    while True:
        try:
            sum(range(1_000))
        except Exception:
            continue


def test_what_does_not_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "_SECONDS", 0.1)
    with ends.ends(), pytest.raises(ends.Endless):
        _endless()
