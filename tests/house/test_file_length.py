"""Rule: a Python file has at most 300 lines."""

from tests.house import tree

_MOST = 300


def test_files_are_short() -> None:
    counted = {tree.name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in tree.modules()}
    assert {file: lines for file, lines in counted.items() if lines > _MOST} == {}
