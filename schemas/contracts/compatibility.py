"""What differs between two versions of a contract, and what of it breaks users; called by `langqiao contract diff`.

A user is a reader of answers and events, a writer, or a caller who filters and follows links: what worked for one of
them under the old version must go on working under the new one. More is harmless, less or other is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.contracts.model import Contract, Item, Link, SharingClass

_WIDTH = {SharingClass.UNCONDITIONAL: 2, SharingClass.CONDITIONAL: 1, SharingClass.WITHHELD: 0}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; `item` is empty where the dataset as a whole is meant."""

    item: str
    text: str
    breaking: bool


#: Says what broke in going from one value to another, or None where the step is harmless.
_Rule = Callable[[Any, Any], str | None]


def differences(before: Contract, after: Contract) -> list[Difference]:
    """Everything that differs: the dataset's own first, then items and links in the old version's order."""
    return [*_dataset(before, after), *_items(before, after), *_links(before, after)]


def _changed(what: str) -> _Rule:
    return lambda old, new: f"{what} changed from {_said(old)} to {_said(new)}"


def _changed_once_said(what: str) -> _Rule:
    return lambda old, new: None if old is None else _changed(what)(old, new)


def _lost(text: str) -> _Rule:
    return lambda old, new: text if old and not new else None


def _gained(text: str) -> _Rule:
    return lambda old, new: text if new and not old else None


def _narrower(old: Any, new: Any) -> str | None:
    was, now = old.sharing_class, new.sharing_class
    return f"shared less: {was} became {now}" if _WIDTH[now] < _WIDTH[was] else None


def _fewer(old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> str | None:
    if old is None or new is None:
        return "its values are now a closed list" if old is None else "its list of values is no longer closed"
    gone = [value for value in old if value not in new]
    return f"its list of values lost {', '.join(gone)}" if gone else None


def _shorter(old: int | None, new: int | None) -> str | None:
    if new is None or (old is not None and new >= old):
        return None
    return f"its greatest length fell to {new}"


#: By attribute; an attribute without a rule here is a text, whose change is harmless.
_DATASET_RULES: dict[str, _Rule] = {
    "dataset": _changed("the dataset's name"),
    "sharing": _narrower,
    "key": _changed("the key"),
    "key_public": _changed("whether the key is public"),
    "division_item": _changed_once_said("the item that decides the division"),
    "event_time_item": _changed_once_said("the event-time item"),
    "partitions": _changed("the number of partitions"),
}
_ITEM_RULES: dict[str, _Rule] = {
    "type": _changed("type"),
    "sharing": _narrower,
    "required": lambda old, new: "no longer always there" if old else "now required",
    "unique": _lost("no longer unique"),
    "open_basis": lambda old, new: "no longer open" if new is None else None,
    "personal": _gained("now personal: no longer filtered in a URL"),
    "filterable": _lost("can no longer be filtered"),
    "scale": _changed("scale"),
    "max_length": _shorter,
    "values": _fewer,
    "format": _changed("format"),
}
#: The version is what tells the two apart; items and links are compared one by one; the name is the item's own.
_ELSEWHERE = frozenset({"version", "items", "links", "name"})


def _dataset(before: Contract, after: Contract) -> Iterator[Difference]:
    for attribute in Contract.__dataclass_fields__:
        yield from _step("", attribute, _DATASET_RULES, before, after)


def _items(before: Contract, after: Contract) -> Iterator[Difference]:
    for name, item in before.items.items():
        if name not in after.items:
            yield Difference(name, "removed", True)
            continue
        for attribute in Item.__dataclass_fields__:
            yield from _step(name, attribute, _ITEM_RULES, item, after.items[name])
    for name, item in after.items.items():
        if name not in before.items:
            yield Difference(name, "new and required" if item.required else "new", item.required)


def _links(before: Contract, after: Contract) -> Iterator[Difference]:
    new = {link.name: link for link in after.links}
    for link in before.links:
        other = new.pop(link.name, None)
        if other is None:
            yield Difference(link.item, f"link {link.name} removed", True)
        elif other != link:
            yield Difference(link.item, f"link {link.name} changed: {_said_link(link, other)}", True)
    for link in new.values():
        yield Difference(link.item, f"link {link.name} is new", False)


def _step(
    item: str, attribute: str, rules: dict[str, _Rule], before: Any, after: Any
) -> Iterator[Difference]:
    old, new = getattr(before, attribute), getattr(after, attribute)
    if attribute in _ELSEWHERE or old == new:
        return
    broken = rules[attribute](old, new) if attribute in rules else None
    yield Difference(item, broken or f"{attribute.replace('_', ' ')} changed", broken is not None)


def _said(value: Any) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _said_link(old: Link, new: Link) -> str:
    changed = [name for name in Link.__dataclass_fields__ if getattr(old, name) != getattr(new, name)]
    return ", ".join(f"{name} {_said(getattr(old, name))} -> {_said(getattr(new, name))}" for name in changed)
