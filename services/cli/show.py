"""How the tool shows answers, plans and problems in a terminal; used by the nouns and by the story."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.client.bridge import Refused

#: Members of a problem that say where it lies, in the order shown.
_WHERE = ("parameter", "position", "nearest", "items", "sources", "versions", "estimate", "limit")


def console() -> Console:
    """A console on standard output."""
    return Console(highlight=False)


def as_json(data: Any) -> str:
    """Indented JSON, keys as they came."""
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()


def as_line(data: Any) -> str:
    """JSON in one line."""
    return orjson.dumps(data, default=str).decode()


def as_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One line per record; embedded records as compact JSON."""
    table = Table(show_lines=False)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    return table


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """A plan as numbered lines."""
    lines = [f"plan: {plan.get('strategy', '')}".rstrip(": ")]
    for number, step in enumerate(plan.get("steps", ()), start=1):
        lines.append(f"  {number}. {step['text']}")
    return lines


def refusal(fault: Refused) -> None:
    """Print a problem to standard error: its code, where in the question it lies, and what to do."""
    members = fault.members
    errors = Console(stderr=True, highlight=False)
    lines = [
        f"[bold red]{fault.status} {escape(str(members.get('code', '')))}[/]: {escape(str(members.get('detail', '')))}"
    ]
    lines += [f"  {name}: {escape(str(members[name]))}" for name in _WHERE if name in members]
    lines += [f"  {escape(str(members['hint']))}"] if members.get("hint") else []
    errors.print("\n".join(lines), soft_wrap=True)


def _cell(value: Any) -> str:
    if value is None:
        return "[dim]null[/]"
    if isinstance(value, (dict, list)):
        return escape(orjson.dumps(value).decode())
    return escape(str(value))
