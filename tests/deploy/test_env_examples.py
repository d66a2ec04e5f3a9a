"""The env examples in deploy/ are what the settings classes say, word for word."""

import pytest

from tests.deploy import composed
from tests.services.cli.tool import run


@pytest.mark.parametrize(
    ("whose", "noun"), [("department", "department"), ("gateway", "gateway"), ("operator", "topics")]
)
def test_the_example_lists_every_setting_as_the_tool_prints_it(whose: str, noun: str) -> None:
    """When this fails: langqiao department settings > deploy/department.env.example, and the same for the others."""
    example = (composed.DEPLOY / f"{whose}.env.example").read_text(encoding="utf-8")
    assert example == run(noun, "settings").output
