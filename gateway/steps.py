"""A plan as people read it: numbered steps that name items and nodes, and no value; called for the plan's own form."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.plan import Join, Level, Plan
from schemas.query.bound import BoundCondition, BoundFilter

_ONE_NODE = "one node answers"
_FROM_ROOT = "from the root"


def document(plan: Plan) -> dict[str, Any]:
    """The plan's JSON form: its strategy, its steps in order, and how many records it may fetch."""
    steps = list(_steps(plan))
    return {"strategy": _strategy(plan), "estimate": plan.estimate, "steps": steps}


def _strategy(plan: Plan) -> str:
    if plan.start is not None:
        return f"from the embed {plan.start.name}"
    return _ONE_NODE if plan.plain else _FROM_ROOT


def _steps(plan: Plan) -> Iterator[dict[str, Any]]:
    root = plan.root
    if plan.start is not None:
        probe = plan.start.probe
        text = f"ask {_nodes(probe)} for the {_key(probe)} of {_question(probe)}"
        yield _step(probe, f"{text}; keep each once")
        yield from _joined(probe)
        text = f"ask {_nodes(root)} for {_question(root)} with one of those in {plan.start.item.name}"
    else:
        text = f"ask {_nodes(root)} for {_question(root)}"
    yield _step(root, text + _window(root) + _merge(root))
    yield from _joined(root)


def _joined(level: Level) -> Iterator[dict[str, Any]]:
    """The joins of a level: those that decide first, then the rest, each followed by its own."""
    for join in sorted(level.joins, key=lambda one: not one.inner):
        below = join.level
        place = f"{level.path}'s " if level.path else "the root's "
        keys = f"{place}{join.parent.item.name} to {_key(below)}"
        text = f"{join.name}: join {keys} of {_question(below)} at {_nodes(below)}"
        kind = "one" if join.one else "many"
        keeps = "; drop what has none" if join.inner else ""
        each = _window(below).replace("; ", "; for each parent ", 1)
        step = _step(below, f"{text} ({kind}){each}{keeps}{_merge(below)}")
        yield {**step, "join": _join(join)}
        yield from _joined(below)


def _step(level: Level, text: str) -> dict[str, Any]:
    refused = f"; refused: {level.refusal.code}" if level.refusal is not None else ""
    return {
        "text": f"{text}; about {level.estimate}{refused}",
        "path": level.path,
        "dataset": level.dataset,
        "version": level.asked.contract.major,
        "nodes": [offer.node for offer in level.offers],
        "items": _items(level),
        "filters": [_filter(one) for one in level.asked.where],
        "order": [one.item.name for one in level.asked.order],
        "estimate": level.estimate,
    }


def _join(join: Join) -> Mapping[str, Any]:
    return {
        "link": join.link,
        "item": join.parent.item.name,
        "target_item": join.target.name,
        "inner": join.inner,
        "sealed": join.parent.sealed_for is not None,
        "cardinality": "one" if join.one else "many",
    }


def _question(level: Level) -> str:
    filters = f" where {' and '.join(map(_filter, level.asked.where))}" if level.asked.where else ""
    items = ", ".join(_items(level))
    return f"{level.dataset}{f' ({items})' if items else ''}{filters}"


def _items(level: Level) -> list[str]:
    """What the caller is shown of a level."""
    shown = [one.item.name for one in level.asked.columns if one.name not in level.hidden]
    return ["*", *shown] if level.asked.star else shown


def _filter(one: BoundFilter) -> str:
    """A filter without its values: they may be personal."""
    negation = "not " if one.negated else ""
    if isinstance(one, BoundCondition):
        return f"{negation}{one.item.name} {one.operator.value}"
    return f"{negation}({(' or ' if one.any else ' and ').join(map(_filter, one.members))})"


def _nodes(level: Level) -> str:
    return ", ".join(offer.node for offer in level.offers)


def _key(level: Level) -> str:
    return level.key.item.name if level.key is not None else ""


def _window(level: Level) -> str:
    said = [f"skip {level.offset}"] if level.offset else []
    said += [f"at most {level.limit}"] if level.limit is not None else []
    return f"; {', '.join(said)}" if said else ""


def _merge(level: Level) -> str:
    if len(level.offers) < 2:
        return ""
    order = ", ".join(one.item.name for one in level.asked.order)
    return f"; merge by {order}" if order else "; one node after the other"
