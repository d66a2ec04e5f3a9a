"""The env examples in deploy/ are what the settings classes say, word for word."""

import pytest

from tests.deploy import composed
from tests.services.cli.tool import run


@pytest.mark.parametrize("noun", ["department", "gateway"])
def test_the_example_lists_every_setting_as_the_tool_prints_it(noun: str) -> None:
    """When this fails: langqiao department settings > deploy/department.env.example, and the same for gateway."""
    example = (composed.DEPLOY / f"{noun}.env.example").read_text(encoding="utf-8")
    assert example == run(noun, "settings").output
