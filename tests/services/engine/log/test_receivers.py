"""Whom a corrected item had reached: every system to which the log says that it was shown, and no other."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.trust.entries import Act, Entry
from services.engine.log.receivers import receivers
from tests.services.cli.tool import run
from tests.services.engine.log.desk import NOON, entry, store

_DATASET, _ITEM = "workshop.tools", "holder"


def _shown(system: str | None, **changed: Any) -> Entry:
    said: dict[str, Any] = {
        "act": Act.READ,
        "dataset": _DATASET,
        "items": (_ITEM, "name"),
        "system": system,
        "records": 1,
        **changed,
    }
    return replace(entry(), **said)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    store(tmp_path, segment_bytes=600).write(
        [
            _shown("a/late", at=NOON - timedelta(days=2)),
            _shown("a/window"),
            _shown("b/window", act=Act.LOOKUP, subjects=("somebody",)),
            _shown("a/window"),
            _shown("c/window", items=("name",)),
            _shown("d/window", dataset="workshop.loans"),
            _shown("e/window", items=(), searched=(_ITEM,), act=Act.COUNT, records=0),
            _shown("g/window", items=(), searched=(_ITEM,), act=Act.VERIFY, records=0),
            _shown("h/window", records=0),
            _shown("i/window", act=Act.VIEW),
            _shown("f/window", act=Act.WRITE),
            _shown(None),
        ]
    )
    return tmp_path


def test_every_system_to_which_it_was_shown_since_is_named_once(log: Path) -> None:
    since = NOON - timedelta(days=1)
    assert receivers(log, _DATASET, _ITEM, since) == ["a/window", "b/window", "e/window", "g/window"]
    assert receivers(log, _DATASET, _ITEM, since, "somebody") == ["b/window"]
    assert receivers(log, _DATASET, _ITEM, since - timedelta(days=2)) == [
        "a/late",
        "a/window",
        "b/window",
        "e/window",
        "g/window",
    ]
    assert receivers(log / "none", _DATASET, _ITEM, since) == []


def test_the_tool_names_them_one_a_line(log: Path) -> None:
    since = (NOON - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    told = run("receivers", str(log), "--dataset", _DATASET, "--item", _ITEM, "--since", since)
    assert (told.exit_code, told.stdout.split()) == (0, ["a/window", "b/window", "e/window", "g/window"])
