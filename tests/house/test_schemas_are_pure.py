"""Rule: schemas ask no clock, and read no file but contracts: `now` is a parameter, text is handed in."""

from tests.house import tree

_CLOCKS = {"now", "today", "utcnow", "monotonic", "time", "time_ns", "perf_counter"}
_FILES = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}


def _called(last: set[str], path_prefixes: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{tree.name(path)}:{line} {called}"
        for path in tree.modules("schemas")
        if not tree.name(path).startswith(path_prefixes)
        for line, called in tree.calls(path)
        if called.split(".")[-1] in last
    ]


def test_schemas_ask_no_clock() -> None:
    assert _called(_CLOCKS) == []


def test_schemas_read_no_file_but_contracts() -> None:
    assert _called(_FILES, ("schemas/contracts/",)) == []
