"""Rule: a module's name says what is in it; no utils, common, helpers, base or misc."""

from tests.house import tree

_EMPTY_WORDS = {
    "util",
    "utils",
    "utilities",
    "common",
    "commons",
    "helper",
    "helpers",
    "base",
    "misc",
    "lib",
    "shared",
}


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {tree.name(path): {*path.relative_to(tree.ROOT).parts[:-1], path.stem} for path in tree.modules()}
    assert {file for file, words in parts.items() if words & _EMPTY_WORDS} == set()
