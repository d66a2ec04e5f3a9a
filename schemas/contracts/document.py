"""Contract files as documents: YAML read strictly, with the line of every item; used by `load`."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


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
    """A contract's ODCS document, and the line on which each item of it begins."""

    source: str
    content: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def fault(self, reason: str, item: str = "") -> Fault:
        return Fault(reason, item, self.lines.get(item, 1 if self.lines else 0))


class _StrictLoader(yaml.SafeLoader):
    """Refuses a mapping that names one key twice; dates stay text, as JSON has none."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} stands here twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    char: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for char, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> Document:
    """The document of one file; raises ContractFault when it is not YAML of a mapping."""
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text: str, source: str) -> Document:
    """The document that a text holds; raises ContractFault."""
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        content = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 0
        raise ContractFault(source, [Fault(fault.problem or "not readable as YAML", line=line)]) from fault
    finally:
        loader.dispose()
    if node is None or not isinstance(content, dict):
        raise ContractFault(source, [Fault("a contract is a mapping", line=1)])
    return Document(source, content, _item_lines(node))


def _item_lines(root: yaml.Node) -> dict[str, int]:
    lines: dict[str, int] = {}
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
