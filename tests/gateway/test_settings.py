"""Settings: what cannot be used is said at the start, in words that name the setting."""

import pytest
from pydantic import ValidationError

from gateway.main import main
from gateway.settings import Settings


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"division": "3302"}, "division"),
        ({"nodes": ["ftp://somewhere"]}, "nodes"),
        ({"nodes": ["http://somewhere/path"]}, "nodes"),
        ({"join_keys": 0}, "join_keys"),
        ({"reserve_percent": 100}, "reserve_percent"),
        ({"port": 70_000}, "port"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings.model_validate({"division": "330200", "nodes": ["http://127.0.0.1:1"], **wrong})


def test_every_setting_says_what_it_is_and_why() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert len(field.description) > 20, name


def test_without_its_settings_the_gateway_ends_and_says_which_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LANGQIAO_GATEWAY_{name.upper()}", raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "division" in said
    assert "nodes" in said
