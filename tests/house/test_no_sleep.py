"""Rule: tests do not sleep; tests/waiting.py polls with a deadline."""

from tests.house import tree


def test_only_the_waiting_module_sleeps() -> None:
    found = [
        f"{tree.name(path)}:{line}"
        for path in tree.modules("tests")
        if tree.name(path) != "tests/waiting.py"
        for line, called in tree.calls(path)
        if called.split(".")[-1] == "sleep"
    ]
    assert found == []
