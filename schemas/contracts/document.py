"""Contract files as documents: YAML read strictly, with the line of every item; used by `load`."""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

_BRACKETS = re.compile(r"[\[\]{}]")
#: Far above what any contract needs.
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a contract; `line` is 1-based, 0 when the whole file is meant."""

    reason: str
    item: str = ""
    line: int = 0


class ContractFault(Exception):
    """A contract that cannot be used: every fault found in it, with file, line and item."""

    def __init__(self, source: str, faults: list[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        return [
            f"{self.source}:{one.line}: {f'item {one.item}: ' if one.item else ''}{one.reason}"
            for one in self.faults
        ]


@dataclass(frozen=True, slots=True)
class Document:
    """A contract's ODCS document, and the line on which each item of it begins (the whole of it under "").

    A document that came by wire has no lines.
    """

    source: str
    content: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def fault(self, reason: str, item: str = "") -> Fault:
        return Fault(reason, item, self.lines.get(item, self.lines.get("", 0)))

    def fault_at(self, path: Sequence[str | int], reason: str) -> Fault:
        """A fault of the place that a path of members and numbers leads to."""
        return self.fault(f"{'.'.join(map(str, path))}: {reason}", self._item_at(path))

    def unknown_fields(self, known: Mapping[str, Any]) -> list[Fault]:
        """A fault for every member that is not among the known ones: a misspelt promise is none."""
        return [
            self.fault_at(path, "the standard has no such field") for path in _beyond(self.content, known, ())
        ]

    def _item_at(self, path: Sequence[str | int]) -> str:
        place: Any = self.content
        for depth, step in enumerate(path):
            try:
                place = place[step]
            except (KeyError, IndexError, TypeError):
                return ""
            if depth and path[depth - 1] == "properties" and isinstance(place, Mapping):
                return str(place.get("name") or "")
        return ""


class _StrictLoader(yaml.CSafeLoader):
    """Refuses a mapping that names one key twice; dates stay text, as JSON has none."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a member's name is a text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} stands here twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_StrictLoader.yaml_constructors = {
    **yaml.CSafeLoader.yaml_constructors,
    _TIMESTAMP: yaml.CSafeLoader.construct_yaml_str,
}
_StrictLoader.yaml_implicit_resolvers = {
    char: [(tag, pattern) for tag, pattern in rules if tag != _TIMESTAMP]
    for char, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> Document:
    """The document of one file; raises ContractFault when it is not YAML of a mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ContractFault(path.name, [Fault(f"cannot be read: {type(fault).__name__}")]) from fault
    return parse(text, path.name)


def parse(text: str, source: str) -> Document:
    """The document that a text holds; raises ContractFault."""
    if _depth(text) > _DEEPEST:
        raise ContractFault(source, [Fault(f"nested more than {_DEEPEST} deep")])
    try:
        root, content = _load(text)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise ContractFault(source, [Fault(fault.problem or "not readable as YAML", line=line)]) from fault
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise ContractFault(source, [Fault("not readable as YAML")]) from fault
    if root is None or not isinstance(content, dict):
        raise ContractFault(source, [Fault("a contract is a mapping", line=1)])
    return Document(source, content, _item_lines(root))


def _depth(text: str) -> int:
    """How deep brackets stand in one another, wherever they stand: reading them takes the square of that in time."""
    depths = accumulate(1 if one in "[{" else -1 for one in _BRACKETS.findall(text))
    return max(depths, default=0)


def _load(text: str) -> tuple[yaml.Node | None, Any]:
    loader = _StrictLoader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _beyond(content: Any, known: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(content, Mapping) and isinstance(known, Mapping):
        for name, value in content.items():
            if name in known:
                yield from _beyond(value, known[name], (*path, name))
            else:
                yield (*path, name)
    elif isinstance(content, list) and isinstance(known, list):
        for number, (value, beside) in enumerate(zip(content, known, strict=True)):
            yield from _beyond(value, beside, (*path, number))


def _item_lines(root: yaml.Node) -> dict[str, int]:
    lines = {"": 1}
    for table in _sequence(_member(root, "schema")):
        for item in _sequence(_member(table, "properties")):
            name = _member(item, "name")
            if isinstance(name, yaml.ScalarNode):
                lines.setdefault(name.value, item.start_mark.line + 1)
    return lines


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _sequence(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
