"""Rule: the documents name files that exist, and every relative link in them leads somewhere."""

import re

import pytest

from tests.house import tree

_DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md")
#: A path from the root, in code form: a folder ends in a slash; a word in angle brackets stands for any.
_PATH = re.compile(r"`((?:schemas|services|gateway|tests|deploy)/[\w./-]*)`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    path = tree.ROOT / document
    text = path.read_text(encoding="utf-8")
    named = [tree.ROOT / name for name in _PATH.findall(text)]
    linked = [path.parent / name for name in _LINK.findall(text)]
    assert [tree.name(one) for one in (*named, *linked) if not one.exists()] == []
