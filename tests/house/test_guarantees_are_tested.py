"""Every test that the page of guarantees names is there, and every promise names one."""

import re

from tests.house import tree

_PAGE = tree.ROOT / "GUARANTEES.md"
_NAMED = re.compile(r"`(tests/[\w/.]+)`")


def test_every_promise_names_tests_that_are_there() -> None:
    promises = [line for line in _PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| **")]
    assert len(promises) > 10
    for promise in promises:
        named = _NAMED.findall(promise)
        assert named, promise
        for path in named:
            assert (tree.ROOT / path).exists(), path
