"""Every department's service is made from its folder and the LANGQIAO_… settings alone."""

from pathlib import Path

import pytest

from services.departments import load
from services.engine.node import BadDepartment
from tests.services.departments.folder import KINDS


def _set(monkeypatch: pytest.MonkeyPatch, folder: Path, kind: str) -> None:
    for name, value in {
        "KIND": kind,
        "DIVISION": "330200",
        "DATABASE_URL": f"sqlite:///{folder / 'records.sqlite'}",
        "PSEUDONYM_KEY_FILE": str(folder / "pseudonym.key"),
    }.items():
        monkeypatch.setenv(f"LANGQIAO_{name}", value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_factory_makes_the_service_of_its_kind(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, tmp_path, kind)
    assert load(kind, "app").app().title == f"Langqiao 330200.{kind}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_settings_meant_for_another_kind_are_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, tmp_path, "another")
    with pytest.raises(BadDepartment, match=f"the settings are for another, the department is {kind}"):
        load(kind, "app").app()


def test_a_kind_without_a_folder_is_told_which_there_are() -> None:
    with pytest.raises(LookupError, match=f"there is no department circus; there are: {', '.join(KINDS)}"):
        load("circus", "app")
