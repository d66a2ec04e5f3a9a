"""Rule: unfinished work stands in an issue, not in the code: no marks of things to do, no stubs that only raise."""

import re

from tests.house import tree

_MARKS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b|raise NotImplemented" + "Error")
_TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".mako", ".sh", ".ini", ""}


def test_no_file_holds_a_mark_of_unfinished_work() -> None:
    found = [
        f"{tree.name(path)}:{number} {match.group()}"
        for path in tree.files()
        if path.suffix in _TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (match := _MARKS.search(line))
    ]
    assert found == []
